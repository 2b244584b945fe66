package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import org.jspecify.annotations.Nullable;

/**
 * Makes one layer's {@link ExpertMlp} from its tensors {@code ffn_gate_inp}, {@code ffn_gate_exps}, {@code ffn_up_exps} (or
 * {@code ffn_gate_up_exps}) and {@code ffn_down_exps}; what is not set is Mixtral's form: softmax over all experts, the chosen
 * weights made to sum to 1.
 */
final class ExpertsBuilder {
    private final DecoderBuilder decoder;
    private final int layer;
    private final int experts;
    private final int used;
    private Router.Gating gating = Router.Gating.SOFTMAX;
    private boolean normalise = true;
    private float scale = 1f;
    private int groups = 1;
    private int groupsUsed = 1;
    private ExpertMlp.Gate join = ExpertMlp.Gate.SILU;
    private final int length;
    private int sharedLength;
    private boolean scaleIsTheInputs;
    private @Nullable Activation ungated;
    private ExpertMlp.Peculiar peculiar = ExpertMlp.Peculiar.NONE;

    ExpertsBuilder(DecoderBuilder decoder, int layer) {
        this.decoder = decoder;
        this.layer = layer;
        ModelKeys keys = decoder.keys();
        this.experts = keys.integer("expert_count", 1, 1024);
        this.used = keys.perLayer("expert_used_count", decoder.layerCount(), 1, experts)[layer];
        this.length = keys.has("expert_feed_forward_length")
                ? keys.perLayer("expert_feed_forward_length", decoder.layerCount(), 1, ModelKeys.MAX_WIDTH)[layer]
                : decoder.feedForwardLength(layer);
    }

    ExpertsBuilder gating(Router.Gating kind) {
        gating = kind;
        return this;
    }

    ExpertsBuilder normalise(boolean sumToOne) {
        normalise = sumToOne;
        return this;
    }

    /** {@code expert_weights_scale} multiplies the weights. */
    ExpertsBuilder scaled() {
        float given = decoder.keys().numberOr("expert_weights_scale", 0f);
        scale = given == 0f ? 1f : given;
        return this;
    }

    /** {@code expert_group_count} and {@code expert_group_used_count} restrict the choice. */
    ExpertsBuilder groups() {
        ModelKeys keys = decoder.keys();
        groups = Math.max(1, keys.integerOr("expert_group_count", 1, 0, experts));
        if (experts % groups != 0) {
            throw keys.refuse("expert_group_count", groups, "expert_count " + experts + " must be a multiple of it");
        }
        groupsUsed = groups == 1 ? 1 : keys.integer("expert_group_used_count", 1, groups);
        if (used > experts / groups * groupsUsed) {
            throw keys.refuse("expert_used_count", used,
                    "the groups used have only " + experts / groups * groupsUsed + " experts");
        }
        return this;
    }

    /** {@code down(act(up(x)))} instead of gated MLPs, the shared one too. */
    ExpertsBuilder ungated(Activation activation) {
        ungated = activation;
        return this;
    }

    /** The router sees other rows than the experts. */
    ExpertsBuilder routedBy(FloatRows rows) {
        peculiar = new ExpertMlp.Peculiar(rows, peculiar.weighInput());
        return this;
    }

    /** An expert's weight multiplies its input. */
    ExpertsBuilder weighInput() {
        peculiar = new ExpertMlp.Peculiar(peculiar.routedBy(), true);
        return this;
    }

    ExpertsBuilder join(ExpertMlp.Gate gate) {
        join = gate;
        return this;
    }

    /** An MLP of this many hidden units that every token passes; 0 for none. */
    ExpertsBuilder shared(int hidden) {
        sharedLength = hidden;
        return this;
    }

    /** {@code ffn_gate_inp.scale} is no factor of the router but of its input's channels, and is read by somebody else. */
    ExpertsBuilder scaleOfInputs() {
        scaleIsTheInputs = true;
        return this;
    }

    int expertLength() {
        return length;
    }

    ExpertMlp build() {
        int width = decoder.width();
        Weights w = decoder.weights();
        Linear.Stack down = w.stack(name("ffn_down_exps"), length, width, experts);
        ExpertMlp.Experts all = gateAndUp(w, width, down);
        Router router = new Router(new Router.Spec(experts, used, gating, groups, groupsUsed, normalise, scale),
                scaleIsTheInputs
                        ? w.unscaled(name("ffn_gate_inp"), width, experts)
                        : w.linear(name("ffn_gate_inp"), width, experts),
                w.optional(name("exp_probs_b.bias"), experts),
                decoder.scratch());
        Linear sharedGate = sharedLength > 0 && w.has(name("ffn_gate_inp_shexp.weight"))
                ? decoder.linear(layer, "ffn_gate_inp_shexp", width, 1)
                : null;
        return new ExpertMlp(router, all, sharedMlp(width), sharedGate, peculiar, width, decoder.compute().pool().threads(),
                decoder.compute().kernels().products(), decoder.scratch());
    }

    private ExpertMlp.Experts gateAndUp(Weights w, int width, Linear.Stack down) {
        if (ungated != null) {
            return new ExpertMlp.Experts(null, w.stack(name("ffn_up_exps"), width, length, experts), down, join, ungated);
        }
        if (!w.has(name("ffn_gate_up_exps.weight"))) {
            return new ExpertMlp.Experts(w.stack(name("ffn_gate_exps"), width, length, experts),
                    w.stack(name("ffn_up_exps"), width, length, experts), down, join, Activation.SILU);
        }
        Linear.Stack[] halves = w.fusedStack(name("ffn_gate_up_exps"), width, experts, length, length);
        return new ExpertMlp.Experts(halves[0], halves[1], down, join, Activation.SILU);
    }

    private @Nullable FeedForward sharedMlp(int width) {
        if (sharedLength == 0) {
            return null;
        }
        if (sharedLength > ModelKeys.MAX_WIDTH) {
            throw new GgufException("the shared expert of layer " + layer + " must not have " + sharedLength + " hidden units",
                    -1);
        }
        return new DenseMlp(ungated == null ? Activation.SILU : ungated,
                ungated == null ? decoder.linear(layer, "ffn_gate_shexp", width, sharedLength) : null,
                decoder.linear(layer, "ffn_up_shexp", width, sharedLength),
                decoder.linear(layer, "ffn_down_shexp", sharedLength, width), decoder.scratch());
    }

    private String name(String tensor) {
        return DecoderBuilder.name(layer, tensor);
    }
}
