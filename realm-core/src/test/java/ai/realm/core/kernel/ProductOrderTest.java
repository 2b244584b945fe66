package ai.realm.core.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProductOrderTest {
    private final Compute compute = Compute.open(new Compute.Options(1, ActivationMode.F32, "scalar"));
    private final WeightMatrix[] first = {matrix()};
    private final WeightMatrix[] second = {matrix(), matrix()};
    private final WeightMatrix[] other = {matrix()};
    private final ProductOrder order = new ProductOrder();

    @AfterEach
    void close() {
        compute.close();
    }

    private WeightMatrix matrix() {
        return compute.prepare(new TensorView("w", GgmlType.F32, new Shape(1, 1), MemorySegment.ofArray(new float[1])),
                Arena.ofAuto());
    }

    /** What is said to come after the first of two products. */
    private WeightMatrix[] pass(WeightMatrix[] one, WeightMatrix[] two) {
        order.begin();
        WeightMatrix[] next = order.next(one);
        assertThat(order.next(two)).isNull();
        return next;
    }

    @Test
    void next_thatWasTheSameInTwoPasses_isKnown() {
        assertThat(pass(first, second)).isNull();
        assertThat(pass(first, second)).isNull();
        assertThat(pass(first, second)).containsExactly(second);
    }

    @Test
    void next_thatHasChanged_isUnknownUntilItHasComeTwice() {
        for (int i = 0; i < 3; i++) {
            pass(first, second);
        }
        assertThat(pass(first, other)).containsExactly(second);
        assertThat(pass(first, other)).isNull();
        assertThat(pass(first, other)).containsExactly(other);
    }

    /** A prompt's chunk without outputs leaves out the last product. */
    @Test
    void next_afterAShorterPass_isUnknown() {
        for (int i = 0; i < 3; i++) {
            pass(first, second);
        }
        order.begin();
        order.next(first);
        order.begin();
        assertThat(order.next(first)).isNull();
    }

    @Test
    void next_arrayThatItsCallerUsesAgain_isKept() {
        WeightMatrix[] reused = {first[0]};
        for (int i = 0; i < 2; i++) {
            order.begin();
            reused[0] = first[0];
            order.next(reused);
            reused[0] = other[0];
            order.next(reused);
        }
        order.begin();
        assertThat(order.next(first)).containsExactly(other);
    }
}
