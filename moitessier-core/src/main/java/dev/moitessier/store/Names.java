package dev.moitessier.store;

/** What a name may be (N1), measured without encoding it. */
final class Names {
    static final int MAX_SCOPE = 400;
    static final int MAX_PARTY = 200;
    static final int MAX_SUBSCRIBER = 64;

    private Names() {}

    /**
     * Length in bytes of UTF-8.
     *
     * @throws StoreException.Rejected if there is an unpaired surrogate, which UTF-8 cannot say, or U+0000, which some databases
     *     cannot keep
     */
    static int utf8(String text) {
        int bytes = 0;
        for (int i = 0, length = text.length(); i < length; i++) {
            char c = text.charAt(i);
            if (c == 0) {
                throw new StoreException.Rejected("U+0000 at index " + i + " of a text of " + length + " characters");
            } else if (c < 0x80) {
                bytes++;
            } else if (c < 0x800) {
                bytes += 2;
            } else if (!Character.isSurrogate(c)) {
                bytes += 3;
            } else if (Character.isHighSurrogate(c) && i + 1 < length && Character.isLowSurrogate(text.charAt(i + 1))) {
                bytes += 4;
                i++;
            } else {
                throw new StoreException.Rejected(
                        "unpaired surrogate at index " + i + " of a text of " + length + " characters");
            }
        }
        return bytes;
    }

    static void checkScope(String scope) {
        check("scope", scope, 1, MAX_SCOPE);
        if (scope.isBlank()) {
            throw new StoreException.Rejected("scope is blank");
        }
    }

    static void check(Party party) {
        check("person", party.person(), 1, MAX_PARTY);
        check("client", party.client(), 0, MAX_PARTY);
    }

    static void check(Address address) {
        check("person", address.person(), 1, MAX_PARTY);
        if (address.client() != null) {
            check("client", address.client(), 0, MAX_PARTY);
        }
    }

    static void checkSubscriber(String id) {
        int length = id.length();
        if (length < 1 || length > MAX_SUBSCRIBER) {
            throw new StoreException.Rejected(
                    "subscriber id of " + length + " characters; the limit is 1 to " + MAX_SUBSCRIBER + " of ASCII");
        }
        for (int i = 0; i < length; i++) {
            char c = id.charAt(i);
            if (c == 0 || c > 0x7f) {
                throw new StoreException.Rejected("subscriber id has U+" + String.format("%04X", (int) c) + " at index "
                        + i + "; the limit is 1 to " + MAX_SUBSCRIBER + " of ASCII");
            }
        }
    }

    private static void check(String what, String name, int min, int max) {
        int bytes = utf8(name);
        if (bytes < min || bytes > max) {
            throw new StoreException.Rejected(
                    what + " of " + bytes + " bytes; the limit is " + min + " to " + max + " bytes of UTF-8");
        }
    }
}
