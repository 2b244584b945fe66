package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import org.jspecify.annotations.Nullable;

/** What else than a model a GGUF file may be, each named as what it is when it is refused. */
final class FileKind {
    private FileKind() {
    }

    /** Refuses a file that is not a whole model by itself. */
    static void requireModel(GgufFile file) {
        String kind = kind(file);
        if (kind != null) {
            throw new GgufException("this file is not a model but " + kind, -1);
        }
        if (file.integerOr("split.count", 1) > 1 && file.path().isEmpty()) {
            throw new GgufException("key split.count is " + file.integer("split.count")
                    + ": this is one of several files of a model, which must be opened by the first one's path", -1);
        }
    }

    /** Refuses a file of a known architecture without a tensor. */
    static void requireTensors(GgufFile file) {
        if (file.tensors().isEmpty()) {
            throw new GgufException("this file has no tensors: it is a vocabulary and not a model", -1);
        }
    }

    private static @Nullable String kind(GgufFile file) {
        String type = text(file, "general.type");
        String architecture = text(file, "general.architecture");
        if (type.equals("imatrix") || file.has("imatrix.chunk_count") || file.has("imatrix.datasets")) {
            return "an importance matrix (imatrix), which serves to quantize a model";
        }
        if (architecture.equals("clip") || type.equals("mmproj") || type.equals("clip-vision")) {
            return "a projector of images or sound (mmproj), which goes beside a model";
        }
        if (architecture.equals("controlvector") || text(file, "adapter.type").equals("control_vector")
                || type.equals("control_vector")) {
            return "a control vector, which steers a model";
        }
        if (type.equals("adapter") || file.has("adapter.type")) {
            return "an adapter (" + (text(file, "adapter.type").isEmpty() ? "LoRA" : text(file, "adapter.type"))
                    + ") for a model of architecture " + architecture;
        }
        return null;
    }

    private static String text(GgufFile file, String key) {
        return file.metadata().get(key) instanceof String s ? s : "";
    }
}
