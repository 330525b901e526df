#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;

namespace Casd.Tests
{
    /// <summary>
    /// Finds where an assembly hands managed code to native code, which IL2CPP supports for static
    /// methods marked MonoPInvokeCallback only: delegates in the signatures of imported functions, also
    /// within structs, and calls of Marshal.GetFunctionPointerForDelegate.
    /// </summary>
    public static class ReversePInvoke
    {
        private const BindingFlags Everything = BindingFlags.Public | BindingFlags.NonPublic |
            BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

        private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(o => o.Value);

        public static DllImportAttribute? Import(MethodInfo method) =>
            method.GetCustomAttribute<DllImportAttribute>();

        public static IEnumerable<MethodInfo> Imports(Assembly assembly) =>
            assembly.GetTypes().SelectMany(t => t.GetMethods(Everything))
                .Where(m => (m.Attributes & MethodAttributes.PinvokeImpl) != 0);

        public static IEnumerable<string> Scan(Assembly assembly)
        {
            foreach (MethodInfo import in Imports(assembly))
                foreach (Type type in import.GetParameters().Select(p => p.ParameterType)
                             .Append(import.ReturnType))
                    if (HasDelegate(type, new HashSet<Type>()))
                        yield return $"{import.DeclaringType}.{import.Name} has a parameter of type {type}";
            foreach (MethodBase method in assembly.GetTypes().SelectMany(
                         t => t.GetMembers(Everything).OfType<MethodBase>()))
                foreach (MethodBase called in Calls(method))
                    if (called.DeclaringType == typeof(Marshal) &&
                        called.Name == nameof(Marshal.GetFunctionPointerForDelegate))
                        yield return $"{method.DeclaringType}.{method.Name} makes a function pointer";
        }

        private static bool HasDelegate(Type type, HashSet<Type> seen)
        {
            while (type.HasElementType)
                type = type.GetElementType()!;
            if (typeof(Delegate).IsAssignableFrom(type))
                return true;
            return type.IsValueType && !type.IsPrimitive && seen.Add(type) &&
                   type.GetFields(Everything).Any(f => !f.IsStatic && HasDelegate(f.FieldType, seen));
        }

        private static IEnumerable<MethodBase> Calls(MethodBase method)
        {
            byte[]? code = method.GetMethodBody()?.GetILAsByteArray();
            if (code == null)
                yield break;
            for (int at = 0; at < code.Length;)
            {
                short value = code[at++];
                if (value == 0xFE)
                    value = (short)(0xFE00 | code[at++]);
                OpCode instruction = OpCodesByValue[value];
                if (instruction.OperandType == OperandType.InlineMethod)
                {
                    Type[]? ofType = method.DeclaringType!.IsGenericType
                        ? method.DeclaringType.GetGenericArguments() : null;
                    Type[]? ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
                    yield return method.Module.ResolveMethod(BitConverter.ToInt32(code, at), ofType,
                                                             ofMethod)!;
                }
                at += Size(instruction.OperandType, code, at);
            }
        }

        private static int Size(OperandType operand, byte[] code, int at) => operand switch
        {
            OperandType.InlineNone => 0,
            OperandType.ShortInlineBrTarget => 1,
            OperandType.ShortInlineI => 1,
            OperandType.ShortInlineVar => 1,
            OperandType.InlineVar => 2,
            OperandType.InlineI8 => 8,
            OperandType.InlineR => 8,
            OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
            _ => 4,
        };
    }
}
