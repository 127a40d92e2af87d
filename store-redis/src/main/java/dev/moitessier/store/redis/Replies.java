package dev.moitessier.store.redis;

import java.nio.charset.StandardCharsets;

/** Reads what scripts answer. */
final class Replies {
    private Replies() {}

    /** A number, written in decimal; 0 where there is none. */
    static long number(Object reply) {
        if (reply instanceof Long number) {
            return number;
        }
        byte[] digits = (byte[]) reply;
        return digits.length == 0 ? 0 : Long.parseLong(text(digits));
    }

    static String text(Object reply) {
        return new String((byte[]) reply, StandardCharsets.UTF_8);
    }
}
