#nullable enable
#if UNITY_5_3_OR_NEWER
using System;
using System.Collections;
using System.IO;
using UnityEngine;
using UnityEngine.Networking;

namespace Casd.Unity
{
    /// <summary>Reads the bytes of a model that is part of the game.</summary>
    public static class ModelFile
    {
        /// <summary>
        /// Reads a file in StreamingAssets, for StartCoroutine. On Android and in the web such files are no
        /// files of the system: they are read by a request, over several frames.
        /// </summary>
        /// <param name="name">The path below StreamingAssets, such as "mood.casd".</param>
        /// <param name="loaded">Called with the bytes.</param>
        /// <param name="failed">Called with a message that has the path and the reason.</param>
        /// <returns>The coroutine.</returns>
        public static IEnumerator Read(string name, Action<byte[]> loaded, Action<string> failed)
        {
            string path = Application.streamingAssetsPath + "/" + name;
            if (path.IndexOf("://", StringComparison.Ordinal) < 0)
            {
                byte[]? bytes = null;
                try
                {
                    bytes = File.ReadAllBytes(path);
                }
                catch (Exception error) when (error is IOException || error is UnauthorizedAccessException)
                {
                    failed($"{path} cannot be read: {error.Message}");
                }
                if (bytes != null)
                    loaded(bytes);
                yield break;
            }
            using UnityWebRequest request = UnityWebRequest.Get(path);
            yield return request.SendWebRequest();
            if (request.result == UnityWebRequest.Result.Success)
                loaded(request.downloadHandler.data);
            else
                failed($"{path} cannot be read: {request.error}");
        }
    }
}
#endif
