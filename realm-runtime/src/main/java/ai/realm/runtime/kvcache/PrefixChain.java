package ai.realm.runtime.kvcache;

import java.util.ArrayList;
import java.util.List;

/**
 * The hashes of one sequence's full blocks, computed once each. The chain begins with the tenant's salt, so that no tenant's
 * blocks are ever found by another; blocks that lie within a shared prefix of the operator's begin with the common salt, and the
 * tenant's joins after them.
 */
public final class PrefixChain {
    private static final String SHARED_SALT = "shared";
    private static final String TENANT_SALT = "tenant:";

    private final int blockPositions;
    private int sharedBlocks;
    private final BlockHash tenantRoot;
    private final List<BlockHash> hashes = new ArrayList<>();

    /**
     * @param salt the tenant's, and what else the blocks of the sequence depend on besides its tokens
     * @param sharedBlocks how many of the first blocks lie within a shared prefix
     */
    public PrefixChain(String salt, int blockPositions, int sharedBlocks) {
        this.blockPositions = blockPositions;
        this.sharedBlocks = sharedBlocks;
        this.tenantRoot = BlockHash.root(TENANT_SALT + salt);
    }

    /** The hash of block {@code index}, all of whose tokens are there. */
    BlockHash hash(int index, int[] tokens) {
        while (hashes.size() <= index) {
            int i = hashes.size();
            hashes.add(before(i).next(tokens, i * blockPositions, (i + 1) * blockPositions));
        }
        return hashes.get(index);
    }

    /** Forgets the hashes of blocks that are not full of the first {@code length} tokens, as those after them change. */
    public void truncate(int length) {
        int full = length / blockPositions;
        // what follows is the tenant's own, whatever stood there
        sharedBlocks = Math.min(sharedBlocks, full);
        if (hashes.size() > full) {
            hashes.subList(full, hashes.size()).clear();
        }
    }

    private BlockHash before(int index) {
        if (index == 0) {
            return sharedBlocks > 0 ? BlockHash.root(SHARED_SALT) : tenantRoot;
        }
        BlockHash last = hashes.get(index - 1);
        return index == sharedBlocks ? last.join(tenantRoot) : last;
    }
}
