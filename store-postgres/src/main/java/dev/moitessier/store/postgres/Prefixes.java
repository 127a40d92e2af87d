package dev.moitessier.store.postgres;

import org.jspecify.annotations.Nullable;

/** The range of names that have a prefix, in the order of code points. */
final class Prefixes {
    private Prefixes() {}

    /** The first name after all that begin with {@code prefix}; null: there is none. */
    static @Nullable String end(String prefix) {
        int end = prefix.length();
        while (end > 0) {
            int last = prefix.codePointBefore(end);
            end -= Character.charCount(last);
            if (last < Character.MAX_CODE_POINT) {
                int next = last + 1 == Character.MIN_SURROGATE ? Character.MAX_SURROGATE + 1 : last + 1;
                return prefix.substring(0, end) + Character.toString(next);
            }
        }
        return null;
    }
}
