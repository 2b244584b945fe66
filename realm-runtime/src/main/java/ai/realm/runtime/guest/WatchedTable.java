package ai.realm.runtime.guest;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.TableInstance;
import com.dylibso.chicory.wasm.types.Table;

/** A guest's table that can be ended while {@code table.fill}, {@code table.copy} or {@code table.init} write to it. */
final class WatchedTable extends TableInstance {
    private int written;

    WatchedTable(Table table, int init) {
        super(table, init);
    }

    @Override
    public void setRef(int index, int value, Instance instance) {
        if ((++written & Checkpoint.ELEMENTS - 1) == 0) {
            Checkpoint.pass();
        }
        super.setRef(index, value, instance);
    }
}
