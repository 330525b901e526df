// The parts of Unity's API that the package uses, as Unity 2021.3 declares them. The tests compile the
// package against them and call the messages of a component as Unity does (Player.cs).
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;

namespace UnityEngine
{
    public class Object
    {
        public string name = "";
    }

    public class TextAsset : Object
    {
        private readonly byte[] _bytes;

        public TextAsset(byte[] bytes) => _bytes = bytes;

        public byte[] bytes => (byte[])_bytes.Clone();
    }

    public class GameObject : Object
    {
        internal readonly List<Component> Components = new List<Component>();

        public T AddComponent<T>() where T : Component, new()
        {
            var component = new T { gameObject = this };
            Components.Add(component);
            return component;
        }

        public T GetComponent<T>() => Components.OfType<T>().FirstOrDefault();
    }

    public class Component : Object
    {
        public GameObject gameObject { get; internal set; }

        public T GetComponent<T>() => gameObject.GetComponent<T>();
    }

    public class Behaviour : Component
    {
        public bool enabled { get; set; }

        public bool isActiveAndEnabled => enabled;
    }

    public class YieldInstruction
    {
    }

    public class AsyncOperation : YieldInstruction
    {
    }

    public sealed class Coroutine : YieldInstruction
    {
    }

    public class MonoBehaviour : Behaviour
    {
        // Without frames: a coroutine runs to its end.
        public Coroutine StartCoroutine(IEnumerator routine)
        {
            while (routine.MoveNext())
            {
            }
            return new Coroutine();
        }
    }

    public static class Application
    {
        public static string streamingAssetsPath { get; set; } = "";
    }

    public static class Debug
    {
        public static readonly List<string> Errors = new List<string>();

        public static void Log(object message) => Console.WriteLine("      " + message);

        public static void LogError(object message, Object context) => Errors.Add(message.ToString());
    }

    public static class Mathf
    {
        public static float Sin(float x) => (float)Math.Sin(x);
    }

    public static class GUILayout
    {
        public static readonly List<string> Shown = new List<string>();

        public static void Label(string text) => Shown.Add(text);

        public static bool Toggle(bool value, string text)
        {
            Shown.Add(text);
            return value;
        }
    }

    public enum RuntimeInitializeLoadType
    {
        AfterSceneLoad,
        BeforeSceneLoad,
        AfterAssembliesLoaded,
        BeforeSplashScreen,
        SubsystemRegistration,
    }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class RuntimeInitializeOnLoadMethodAttribute : Attribute
    {
        public RuntimeInitializeOnLoadMethodAttribute(RuntimeInitializeLoadType loadType) => this.loadType = loadType;

        public RuntimeInitializeLoadType loadType { get; }
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class TooltipAttribute : Attribute
    {
        public TooltipAttribute(string tooltip) => this.tooltip = tooltip;

        public readonly string tooltip;
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName) => componentMenu = menuName;

        public string componentMenu { get; }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DisallowMultipleComponent : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DefaultExecutionOrder : Attribute
    {
        public DefaultExecutionOrder(int order) => this.order = order;

        public int order { get; }
    }

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class RequireComponent : Attribute
    {
        public RequireComponent(Type requiredComponent) => m_Type0 = requiredComponent;

        public Type m_Type0;
    }
}

namespace UnityEngine.Networking
{
    public class DownloadHandler
    {
        public byte[] data { get; internal set; }
    }

    // Reads what stands behind "jar:file://", as the player on Android does out of its package.
    public sealed class UnityWebRequest : IDisposable
    {
        public enum Result
        {
            InProgress,
            Success,
            ConnectionError,
        }

        private string _url;

        public Result result { get; private set; }

        public string error { get; private set; }

        public DownloadHandler downloadHandler { get; } = new DownloadHandler();

        public static UnityWebRequest Get(string uri) => new UnityWebRequest { _url = uri };

        public AsyncOperation SendWebRequest()
        {
            try
            {
                downloadHandler.data = System.IO.File.ReadAllBytes(_url.Substring("jar:file://".Length));
                result = Result.Success;
            }
            catch (System.IO.IOException failure)
            {
                result = Result.ConnectionError;
                error = failure.Message;
            }
            return new AsyncOperation();
        }

        public void Dispose()
        {
        }
    }
}

namespace UnityEditor.Build
{
    public interface IOrderedCallback
    {
        int callbackOrder { get; }
    }
}

namespace UnityEditor.Build.Reporting
{
    public class BuildReport
    {
    }
}

namespace UnityEditor.UnityLinker
{
    public class UnityLinkerBuildPipelineData
    {
    }

    public interface IUnityLinkerProcessor : Build.IOrderedCallback
    {
        string GenerateAdditionalLinkXmlFile(Build.Reporting.BuildReport report, UnityLinkerBuildPipelineData data);
    }
}
