package dev.moitessier.store.redis;

import dev.moitessier.store.Address;
import dev.moitessier.store.Content;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How an entry is written, in one piece: flags, dispatch id, the mark of texts that are kept apart, sender, recipient, headers, small
 * texts, and to the end the body. A name has a byte for its length, since it has at most 200.
 */
final class Contents {
    private static final int BODY = 1;
    private static final int BODY_TO_HANDLERS = 2;
    private static final int TO = 4;
    private static final int TO_CLIENT = 8;
    private static final int HEADERS = 16;
    private static final int APART = 32;
    private static final int TEXTS = 64;

    /** Bytes of a mark. */
    static final int MARK = 12;

    private static final int MOST_NAME = 1 + 200;

    private Contents() {}

    /** @param mark under which the texts are kept apart; null: they go with the entry */
    static byte[] entry(UUID dispatch, Content content, byte @Nullable [] mark) {
        Payload body = content.body();
        Address to = content.to();
        Map<Party, Payload> texts = mark == null ? content.texts() : Map.of();
        List<byte[]> headers = headers(content);
        int most = 1 + 2 * Long.BYTES + MARK + 4 * MOST_NAME + Integer.BYTES + (body == null ? 0 : body.size());
        for (byte[] each : headers) {
            most += Integer.BYTES + each.length;
        }
        for (Payload text : texts.values()) {
            most += 2 * MOST_NAME + Integer.BYTES + text.size();
        }
        ByteBuffer out = ByteBuffer.allocate(most + Integer.BYTES);
        out.put((byte) ((body == null ? 0 : BODY)
                | (content.bodyToHandlers() ? BODY_TO_HANDLERS : 0)
                | (to == null ? 0 : TO)
                | (to == null || to.client() == null ? 0 : TO_CLIENT)
                | (headers.isEmpty() ? 0 : HEADERS)
                | (mark == null ? 0 : APART)
                | (texts.isEmpty() ? 0 : TEXTS)));
        out.putLong(dispatch.getMostSignificantBits()).putLong(dispatch.getLeastSignificantBits());
        if (mark != null) {
            out.put(mark);
        }
        party(out, content.sender());
        if (to != null) {
            name(out, to.person());
            if (to.client() != null) {
                name(out, to.client());
            }
        }
        if (!headers.isEmpty()) {
            out.putInt(headers.size() / 2);
            headers.forEach(each -> out.putInt(each.length).put(each));
        }
        if (!texts.isEmpty()) {
            out.putInt(texts.size());
            texts.forEach((owner, text) -> {
                party(out, owner);
                out.putInt(text.size()).put(text.view());
            });
        }
        if (body != null) {
            out.put(body.view());
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static List<byte[]> headers(Content content) {
        if (content.headers().isEmpty()) {
            return List.of();
        }
        List<byte[]> headers = new ArrayList<>();
        content.headers().forEach((name, value) -> {
            headers.add(Keys.utf8(name));
            headers.add(Keys.utf8(value));
        });
        return headers;
    }

    /** The owner of a text that is kept apart. */
    static byte[] owner(Party owner) {
        return Keys.utf8(owner.person() + '\0' + owner.client());
    }

    static byte[] bytes(Payload payload) {
        byte[] bytes = new byte[payload.size()];
        payload.view().get(bytes);
        return bytes;
    }

    /** What was read of an entry, without the texts that are kept apart under {@code mark}. */
    record Read(UUID dispatch, Content content, byte @Nullable [] mark) {}

    static Read read(byte[] entry) {
        ByteBuffer in = ByteBuffer.wrap(entry);
        int flags = in.get();
        UUID dispatch = new UUID(in.getLong(), in.getLong());
        byte[] mark = null;
        if ((flags & APART) != 0) {
            mark = new byte[MARK];
            in.get(mark);
        }
        Party sender = party(in);
        Address to = null;
        if ((flags & TO) != 0) {
            String person = name(in);
            to = new Address(person, (flags & TO_CLIENT) == 0 ? null : name(in));
        }
        Map<String, String> headers = Map.of();
        if ((flags & HEADERS) != 0) {
            headers = new HashMap<>();
            for (int left = in.getInt(); left > 0; left--) {
                headers.put(text(in, in.getInt()), text(in, in.getInt()));
            }
        }
        Map<Party, Payload> texts = Map.of();
        if ((flags & TEXTS) != 0) {
            texts = new HashMap<>();
            for (int left = in.getInt(); left > 0; left--) {
                texts.put(party(in), payload(in, in.getInt()));
            }
        }
        Payload body = (flags & BODY) == 0 ? null : payload(in, in.remaining());
        boolean bodyToHandlers = (flags & BODY_TO_HANDLERS) != 0;
        return new Read(dispatch, new Content(sender, to, body, bodyToHandlers, texts, headers), mark);
    }

    private static void party(ByteBuffer out, Party party) {
        name(out, party.person());
        name(out, party.client());
    }

    private static Party party(ByteBuffer in) {
        return new Party(name(in), name(in));
    }

    private static void name(ByteBuffer out, String name) {
        byte[] bytes = Keys.utf8(name);
        out.put((byte) bytes.length).put(bytes);
    }

    private static String name(ByteBuffer in) {
        return text(in, in.get() & 0xff);
    }

    private static String text(ByteBuffer in, int length) {
        byte[] text = new byte[length];
        in.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private static Payload payload(ByteBuffer in, int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return Payload.wrap(bytes);
    }
}
