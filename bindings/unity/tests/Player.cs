using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using UnityEngine;

namespace Casd.Tests
{
    /// <summary>Calls the messages of components in the order in which Unity does.</summary>
    public sealed class Player
    {
        private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public |
            BindingFlags.NonPublic;

        private readonly List<MonoBehaviour> _components = new List<MonoBehaviour>();

        /// <summary>The start of play mode.</summary>
        public static void EnterPlayMode()
        {
            foreach (MethodInfo method in typeof(Unity.CasdPredictor).Assembly.GetTypes()
                         .SelectMany(type => type.GetMethods(Members))
                         .Where(method => method.GetCustomAttribute<RuntimeInitializeOnLoadMethodAttribute>() != null))
                method.Invoke(null, null);
        }

        public void Enable(params MonoBehaviour[] components)
        {
            _components.AddRange(components);
            foreach (MonoBehaviour component in components)
                component.enabled = true;
            Send("Awake", components);
            Send("OnEnable", components);
            Send("Start", components);
        }

        public void Frame()
        {
            Send("Update", _components);
            Send("OnGUI", _components);
        }

        public void End()
        {
            Send("OnDisable", _components);
            Send("OnDestroy", _components);
            _components.Clear();
        }

        public static void Set(MonoBehaviour component, string field, object value) =>
            component.GetType().GetField(field, Members).SetValue(component, value);

        private static void Send(string message, IEnumerable<MonoBehaviour> components)
        {
            foreach (MonoBehaviour component in components)
                try
                {
                    component.GetType().GetMethod(message, Members)?.Invoke(component, null);
                }
                catch (TargetInvocationException error)
                {
                    throw new Exception(message + " failed", error.InnerException);
                }
        }
    }
}
