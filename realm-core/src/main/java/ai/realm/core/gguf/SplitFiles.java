package ai.realm.core.gguf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The parts of a model that comes in several files, {@code NAME-00001-of-00003.gguf} and so on: the first has all metadata, each has some
 * of the tensors, and keys that say which part of how many it is. Source: the keys of llama.cpp's splitter (de3ff81).
 */
final class SplitFiles {
    static final String COUNT = "split.count";
    private static final String NUMBER = "split.no";
    private static final String TENSORS = "split.tensors.count";
    private static final int MOST = 9999;
    private static final Pattern NAME = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})(\\.gguf)?", Pattern.DOTALL);

    private SplitFiles() {
    }

    /** Opens one file. */
    @FunctionalInterface
    interface Opener {
        GgufFile open(Path path) throws IOException;
    }

    /** How many files a model has, told by one of them. */
    static int count(GgufFile file) {
        if (!file.has(COUNT)) {
            return 1;
        }
        file.requireType(COUNT, GgufType.UINT16);
        return file.intIn(COUNT, 0, MOST);
    }

    /**
     * All parts in their order.
     *
     * @param first the part that was asked for, which must be the first
     */
    static List<GgufFile> all(Path path, GgufFile first, Opener opener) throws IOException {
        int count = count(first);
        int number = number(first, path);
        String name = String.valueOf(path.getFileName());
        Matcher m = NAME.matcher(name);
        if (number != 0) {
            String begin = m.matches() ? ", " + part(m, 0, count) : "";
            throw new GgufException(
                    name + " is part " + (number + 1) + " of " + count + " of a model, which loads from its first part"
                            + begin,
                    -1);
        }
        if (!m.matches() || Integer.parseInt(m.group(2)) != 1 || Integer.parseInt(m.group(3)) != count) {
            throw new GgufException(String.format(Locale.ROOT,
                    "%s is the first of %d files of a model; its name must end in -00001-of-%05d.gguf, so that the others are found",
                    name, count, count), -1);
        }
        List<GgufFile> all = new ArrayList<>();
        all.add(first);
        long tensors = first.tensors().size();
        for (int i = 1; i < count; i++) {
            GgufFile part = open(path, part(m, i, count), opener, i, count);
            all.add(part);
            tensors += part.tensors().size();
        }
        if (first.has(TENSORS) && first.integer(TENSORS) != tensors) {
            throw new GgufException("key " + TENSORS + " is " + first.integer(TENSORS) + ", and the " + count + " files have "
                    + tensors + " tensors", -1);
        }
        return all;
    }

    /** The files that a name is the first of, by the names alone: itself, and those beside it that may be further parts. */
    static List<Path> named(Path path) {
        List<Path> all = new ArrayList<>();
        all.add(path);
        Matcher m = NAME.matcher(String.valueOf(path.getFileName()));
        int count = m.matches() ? Math.min(MOST, Integer.parseInt(m.group(3))) : 1;
        for (int i = 1; i < count; i++) {
            all.add(path.resolveSibling(part(m, i, count)));
        }
        return all;
    }

    private static GgufFile open(Path path, String name, Opener opener, int number, int count) throws IOException {
        Path file = path.resolveSibling(name);
        if (!Files.exists(file)) {
            throw new GgufException("the model comes in " + count + " files, of which " + name + " is missing beside the first",
                    -1);
        }
        GgufFile part = opener.open(file);
        if (count(part) != count || number(part, file) != number) {
            throw new GgufException(name + " must be part " + (number + 1) + " of " + count + ", not part "
                    + (number(part, file) + 1) + " of " + count(part), -1);
        }
        return part;
    }

    private static int number(GgufFile file, Path path) {
        if (!file.has(NUMBER)) {
            throw new GgufException(
                    path.getFileName() + " is one of several files of a model, and its key " + NUMBER + " is missing", -1);
        }
        file.requireType(NUMBER, GgufType.UINT16);
        return file.intIn(NUMBER, 0, MOST);
    }

    private static String part(Matcher first, int number, int count) {
        return String.format(Locale.ROOT, "%s-%05d-of-%05d%s", first.group(1), number + 1, count,
                first.group(4) == null ? "" : first.group(4));
    }
}
