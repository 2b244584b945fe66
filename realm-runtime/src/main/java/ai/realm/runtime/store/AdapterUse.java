package ai.realm.runtime.store;

import ai.realm.core.model.Adapter;

/**
 * A LoRA adapter as a request uses it.
 *
 * @param name of the adapter, its model's included
 * @param load which time it was read: another file of the same name is another adapter
 */
public record AdapterUse(String name, long load, Adapter.Use use) {
    /** The same counting {@code factor} times as much. */
    public AdapterUse scaled(float factor) {
        return factor == 1f ? this : new AdapterUse(name, load, new Adapter.Use(use.adapter(), use.scale() * factor));
    }

    /** What keys and values that were computed with it have in common with no others. */
    public String salt() {
        return name + "#" + load + "*" + use.scale();
    }
}
