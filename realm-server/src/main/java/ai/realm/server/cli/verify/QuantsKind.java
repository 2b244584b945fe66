package ai.realm.server.cli.verify;

import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Packed weights and the floats they stand for: one case for each file, with its hand-made blocks. */
final class QuantsKind implements Kind {
    private static final double LIMIT = 1e-6;
    private static final String METRIC = "max_relative_error";

    @Override
    public String name() {
        return "quants";
    }

    @Override
    public void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException {
        for (Path file : CaseData.files(folder, ".json")) {
            String name = CaseData.stem(file, ".json");
            try {
                out.accept(verify(name, CaseData.read(file)));
            } catch (IOException | RuntimeException e) {
                out.accept(Verdict.failed(name(), name, METRIC, CaseData.message(e)));
            }
        }
    }

    private Verdict verify(String name, JsonNode data) {
        GgmlType type = GgmlType.byId(CaseData.need(data, "ggml_type_id").asInt());
        if (type == null) {
            return Verdict.failed(name(), name, METRIC, "no type has the id " + data.get("ggml_type_id"));
        }
        Worst worst = new Worst();
        worst.add("packed", type, data);
        for (JsonNode block : data.path("adversarial")) {
            worst.add(CaseData.need(block, "name").asText(), type, block);
        }
        Verdict verdict = Verdict.within(name(), name, METRIC, worst.error, LIMIT);
        return verdict.pass() ? verdict : verdict.butFailed(worst.what);
    }

    /** The largest error so far and where it is. */
    private static final class Worst {
        private double error;
        private String what = "";

        void add(String label, GgmlType type, JsonNode data) {
            byte[] packed = CaseData.base64(CaseData.need(data, "packed"));
            float[] want = CaseData.floats(CaseData.need(data, "dequantized"));
            float[] got = new float[want.length];
            if (packed.length != type.bytesFor(want.length)) {
                throw new IllegalArgumentException(
                        want.length + " weights take " + type.bytesFor(want.length) + " bytes, not " + packed.length);
            }
            Dequantizer.dequantize(type, MemorySegment.ofArray(packed), 0, got, 0, got.length);
            for (int i = 0; i < want.length; i++) {
                double e = relativeError(got[i], want[i]);
                if (e > error) {
                    error = e;
                    what = label + ": weight " + i + " is " + got[i] + ", not " + want[i];
                }
            }
        }
    }

    /** NaN equals any NaN; an infinity only itself. */
    static double relativeError(float got, float want) {
        if (got == want || Float.isNaN(got) && Float.isNaN(want)) {
            return 0;
        }
        double error = Math.abs((double) got - want) / Math.abs((double) want);
        return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }
}
