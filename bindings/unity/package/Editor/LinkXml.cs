#nullable enable
#if UNITY_5_3_OR_NEWER
using System.IO;
using UnityEditor.Build;
using UnityEditor.Build.Reporting;
using UnityEditor.UnityLinker;

namespace Casd.Unity.Editor
{
    /// <summary>
    /// Passes Runtime/link.xml to Unity's linker, which looks for such files in a project's Assets but
    /// not in the packages that a project refers to.
    /// </summary>
    public sealed class LinkXml : IUnityLinkerProcessor
    {
        private const string Place = "Packages/org.casd.unity/Runtime/link.xml";

        /// <inheritdoc />
        public int callbackOrder => 0;

        /// <inheritdoc />
        public string GenerateAdditionalLinkXmlFile(BuildReport report, UnityLinkerBuildPipelineData data) =>
            Path.GetFullPath(Place);
    }
}
#endif
