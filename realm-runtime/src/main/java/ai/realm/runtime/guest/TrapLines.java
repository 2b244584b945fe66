package ai.realm.runtime.guest;

import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.AnnotatedInstruction;
import com.dylibso.chicory.wasm.types.FunctionBody;
import com.dylibso.chicory.wasm.types.OpCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Gives compiled classes line numbers that say where in a function's code an instruction stands that can trap or call: the line is
 * the distance from the function's first instruction, plus one. The compiler keeps the order of such instructions and leaves out
 * what cannot be reached, so those of one kind are matched by counting; a kind whose counts differ gets no lines.
 */
final class TrapLines {
    private static final int MAX_LINE = 0xffff;
    private static final String FUNCTION = "func_";

    private final WasmModule module;
    private final int imported;

    /** Kinds of instructions that are counted, each for itself. */
    private enum Kind {
        MEMORY,
        BULK,
        CALL,
        INDIRECT,
        TABLE,
        NUMBER,
        UNREACHABLE
    }

    private TrapLines(WasmModule module, int imported) {
        this.module = module;
        this.imported = imported;
    }

    /** @param classes as the compiler packs them */
    static byte[] add(byte[] classes, WasmModule parsed, int imported) {
        TrapLines lines = new TrapLines(parsed, imported);
        ByteArrayOutputStream out = new ByteArrayOutputStream(classes.length);
        try (JarInputStream in = new JarInputStream(new ByteArrayInputStream(classes));
                JarOutputStream jar = new JarOutputStream(out)) {
            for (JarEntry e = in.getNextJarEntry(); e != null; e = in.getNextJarEntry()) {
                JarEntry copy = new JarEntry(e.getName());
                copy.setTime(0);
                jar.putNextEntry(copy);
                byte[] content = in.readAllBytes();
                jar.write(e.getName().endsWith(".class") ? lines.numbered(content) : content);
                jar.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private byte[] numbered(byte[] bytes) throws IOException {
        ClassModel model = ClassFile.of().parse(bytes);
        Map<String, Map<Integer, Integer>> lines = new HashMap<>();
        for (MethodModel method : model.methods()) {
            String name = method.methodName().stringValue();
            if (name.startsWith(FUNCTION) && method.code().isPresent()) {
                int own = Integer.parseInt(name, FUNCTION.length(), name.length(), 10) - imported;
                if (own >= 0 && own < module.codeSection().functionBodyCount()) {
                    lines.put(name, matched(method.code().get(), module.codeSection().getFunctionBody(own)));
                }
            }
        }
        return lines.isEmpty() ? bytes : LineTables.append(bytes, lines);
    }

    private static Map<Integer, Integer> matched(CodeModel code, FunctionBody body) {
        Map<Kind, List<Integer>> wasm = sites(body.instructions());
        Map<Kind, List<Integer>> java = new EnumMap<>(Kind.class);
        int at = 0;
        for (var element : code) {
            if (element instanceof Instruction instruction) {
                if (instruction instanceof InvokeInstruction invoke) {
                    Kind kind = kind(invoke.name().stringValue());
                    if (kind != null) {
                        java.computeIfAbsent(kind, _ -> new ArrayList<>()).add(at);
                    }
                }
                at += instruction.sizeInBytes();
            }
        }
        Map<Integer, Integer> lines = new TreeMap<>();
        java.forEach((kind, places) -> {
            List<Integer> found = wasm.getOrDefault(kind, List.of());
            if (found.size() == places.size()) {
                for (int i = 0; i < places.size(); i++) {
                    if (found.get(i) <= MAX_LINE) {
                        lines.put(places.get(i), found.get(i));
                    }
                }
            }
        });
        return lines;
    }

    private static Map<Kind, List<Integer>> sites(List<AnnotatedInstruction> instructions) {
        Map<Kind, List<Integer>> sites = new EnumMap<>(Kind.class);
        int begin = GuestSymbols.begin(instructions);
        boolean reached = true;
        int nested = 0;
        for (AnnotatedInstruction i : instructions) {
            OpCode op = i.opcode();
            if (!reached) {
                switch (op) {
                    case BLOCK, LOOP, IF -> nested++;
                    case ELSE -> reached = nested == 0;
                    case END -> {
                        reached = nested == 0;
                        nested -= reached ? 0 : 1;
                    }
                    default -> {
                    }
                }
                continue;
            }
            Kind kind = kind(op);
            if (kind != null) {
                sites.computeIfAbsent(kind, _ -> new ArrayList<>()).add(i.address() - begin + 1);
            }
            reached = switch (op) {
                case UNREACHABLE, BR, BR_TABLE, RETURN -> false;
                default -> true;
            };
        }
        return sites;
    }

    private static @Nullable Kind kind(OpCode op) {
        String name = op.name();
        return switch (op) {
            case UNREACHABLE -> Kind.UNREACHABLE;
            case CALL -> Kind.CALL;
            case CALL_INDIRECT -> Kind.INDIRECT;
            case TABLE_GET, TABLE_SET, TABLE_INIT, TABLE_COPY, TABLE_FILL -> Kind.TABLE;
            case MEMORY_GROW, MEMORY_COPY, MEMORY_FILL, MEMORY_INIT -> Kind.BULK;
            default ->
                name.contains("_LOAD") || name.contains("_STORE") ? Kind.MEMORY : trapsOnNumbers(name) ? Kind.NUMBER : null;
        };
    }

    private static boolean trapsOnNumbers(String name) {
        return name.startsWith("I") && (name.contains("_DIV_") || name.contains("_REM_")
                || name.contains("_TRUNC_F"));
    }

    private static @Nullable Kind kind(String method) {
        if (method.startsWith(FUNCTION)) {
            return Kind.CALL;
        }
        if (method.startsWith("call_indirect_")) {
            return Kind.INDIRECT;
        }
        if (method.startsWith("memoryRead") || method.startsWith("memoryWrite")) {
            return Kind.MEMORY;
        }
        return switch (method) {
            case "throwTrapException" -> Kind.UNREACHABLE;
            case "memoryGrow", "memoryCopy", "memoryFill", "memoryInit" -> Kind.BULK;
            case "tableGet", "tableSet", "tableInit", "tableCopy", "tableFill" -> Kind.TABLE;
            default -> trapsOnNumbers(method) ? Kind.NUMBER : null;
        };
    }

    /** Appends line number tables to the code of methods, byte by byte: nothing else of the class changes. */
    private static final class LineTables {
        private static final int UTF8 = 1;

        private final DataInputStream in;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(bytes);
        private final Map<Integer, String> texts = new HashMap<>();

        private LineTables(byte[] classFile) {
            in = new DataInputStream(new ByteArrayInputStream(classFile));
        }

        static byte[] append(byte[] classFile, Map<String, Map<Integer, Integer>> lines) throws IOException {
            LineTables t = new LineTables(classFile);
            t.copy(8);
            int constants = t.in.readUnsignedShort();
            if (constants == MAX_LINE) {
                return classFile;
            }
            t.out.writeShort(constants + 1);
            t.constants(constants);
            t.out.writeByte(UTF8);
            t.out.writeUTF("LineNumberTable");
            t.copy(6);
            for (int n = t.copyShort(); n > 0; n--) {
                t.copy(2);
            }
            for (int fields = t.copyShort(); fields > 0; fields--) {
                t.copy(6);
                t.attributes(Map.of(), constants);
            }
            for (int methods = t.copyShort(); methods > 0; methods--) {
                t.copy(2);
                String name = t.texts.get(t.copyShort());
                t.copy(2);
                t.attributes(lines.getOrDefault(name, Map.of()), constants);
            }
            t.attributes(Map.of(), constants);
            return t.bytes.toByteArray();
        }

        private void copy(int count) throws IOException {
            out.write(in.readNBytes(count));
        }

        private int copyShort() throws IOException {
            int value = in.readUnsignedShort();
            out.writeShort(value);
            return value;
        }

        private void constants(int count) throws IOException {
            for (int i = 1; i < count; i++) {
                int tag = in.readUnsignedByte();
                out.writeByte(tag);
                switch (tag) {
                    case UTF8 -> {
                        String text = in.readUTF();
                        texts.put(i, text);
                        out.writeUTF(text);
                    }
                    case 7, 8, 16, 19, 20 -> copy(2);
                    case 15 -> copy(3);
                    case 5, 6 -> {
                        copy(8);
                        i++;
                    }
                    default -> copy(4);
                }
            }
        }

        private void attributes(Map<Integer, Integer> lines, int lineNumberTable) throws IOException {
            for (int n = copyShort(); n > 0; n--) {
                int name = copyShort();
                byte[] content = in.readNBytes(in.readInt());
                byte[] whole = lines.isEmpty() || !"Code".equals(texts.get(name))
                        ? content
                        : withLines(content, lines, lineNumberTable);
                out.writeInt(whole.length);
                out.write(whole);
            }
        }

        /** A Code attribute ends with its attributes: one more is counted and follows. */
        private static byte[] withLines(byte[] code, Map<Integer, Integer> lines, int name) throws IOException {
            ByteBuffer buffer = ByteBuffer.wrap(code.clone());
            int handlers = 8 + buffer.getInt(4);
            int count = handlers + 2 + 8 * (buffer.getShort(handlers) & MAX_LINE);
            buffer.putShort(count, (short) (buffer.getShort(count) + 1));
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.write(buffer.array());
            out.writeShort(name);
            out.writeInt(2 + 4 * lines.size());
            out.writeShort(lines.size());
            for (Map.Entry<Integer, Integer> e : lines.entrySet()) {
                out.writeShort(e.getKey());
                out.writeShort(e.getValue());
            }
            return bytes.toByteArray();
        }
    }
}
