package dev.moitessier.store.postgres;

/**
 * 64 bits of a name, the same in every process and version: hints name scopes by it, so that neither a look-up nor the name itself
 * is needed. Two names that meet in it cost a spurious hint.
 */
final class ScopeHash {
    private ScopeHash() {}

    /** FNV-1a over UTF-16 units, then the finisher of MurmurHash3. */
    static long of(String name) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
        hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
        return hash ^ hash >>> 33;
    }
}
