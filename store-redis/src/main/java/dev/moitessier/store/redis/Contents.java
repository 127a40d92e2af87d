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
 * How an entry is written: an envelope (flags, dispatch id, sender, recipient, headers, and the mark of texts that are kept apart),
 * the body as it is, and small texts in one piece. A name has a byte for its length, since it has at most 200.
 */
final class Contents {
    private static final int BODY = 1;
    private static final int BODY_TO_HANDLERS = 2;
    private static final int TO = 4;
    private static final int TO_CLIENT = 8;
    private static final int HEADERS = 16;
    private static final int APART = 32;

    /** Bytes of a mark. */
    static final int MARK = 12;

    private static final byte[] NOTHING = {};

    private Contents() {}

    /** @param mark of the texts that are kept apart; null: there are none */
    static byte[] envelope(UUID dispatch, Content content, byte @Nullable [] mark) {
        Address to = content.to();
        List<byte[]> headers = new ArrayList<>();
        content.headers().forEach((name, value) -> {
            headers.add(Keys.utf8(name));
            headers.add(Keys.utf8(value));
        });
        byte[] person = Keys.utf8(content.sender().person());
        byte[] client = Keys.utf8(content.sender().client());
        byte[] toPerson = to == null ? NOTHING : Keys.utf8(to.person());
        byte[] toClient = to == null || to.client() == null ? NOTHING : Keys.utf8(to.client());
        int size =
                1 + 16 + MARK + 4 + person.length + client.length + toPerson.length + toClient.length + Integer.BYTES;
        for (byte[] each : headers) {
            size += Integer.BYTES + each.length;
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.put((byte) ((content.body() == null ? 0 : BODY)
                | (content.bodyToHandlers() ? BODY_TO_HANDLERS : 0)
                | (to == null ? 0 : TO)
                | (to == null || to.client() == null ? 0 : TO_CLIENT)
                | (headers.isEmpty() ? 0 : HEADERS)
                | (mark == null ? 0 : APART)));
        out.putLong(dispatch.getMostSignificantBits()).putLong(dispatch.getLeastSignificantBits());
        if (mark != null) {
            out.put(mark);
        }
        name(out, person);
        name(out, client);
        if (to != null) {
            name(out, toPerson);
            if (to.client() != null) {
                name(out, toClient);
            }
        }
        if (!headers.isEmpty()) {
            out.putInt(headers.size() / 2);
            headers.forEach(each -> out.putInt(each.length).put(each));
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    static byte[] body(Content content) {
        return content.body() == null ? NOTHING : bytes(content.body());
    }

    /** Texts in one piece, to go with the entry; empty: there are none. */
    static byte[] inline(Map<Party, Payload> texts) {
        if (texts.isEmpty()) {
            return NOTHING;
        }
        int size = 0;
        for (Map.Entry<Party, Payload> text : texts.entrySet()) {
            size += 2
                    + owner(text.getKey()).length
                    + Integer.BYTES
                    + text.getValue().size();
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        texts.forEach((owner, text) -> {
            name(out, Keys.utf8(owner.person()));
            name(out, Keys.utf8(owner.client()));
            out.putInt(text.size()).put(text.view());
        });
        return Arrays.copyOf(out.array(), out.position());
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

    static Read read(byte[] envelope, byte[] body, byte @Nullable [] inline) {
        ByteBuffer in = ByteBuffer.wrap(envelope);
        int flags = in.get();
        UUID dispatch = new UUID(in.getLong(), in.getLong());
        byte[] mark = null;
        if ((flags & APART) != 0) {
            mark = new byte[MARK];
            in.get(mark);
        }
        Party sender = new Party(name(in), name(in));
        Address to = null;
        if ((flags & TO) != 0) {
            String person = name(in);
            to = new Address(person, (flags & TO_CLIENT) == 0 ? null : name(in));
        }
        Map<String, String> headers = new HashMap<>();
        if ((flags & HEADERS) != 0) {
            for (int left = in.getInt(); left > 0; left--) {
                headers.put(text(in, in.getInt()), text(in, in.getInt()));
            }
        }
        Map<Party, Payload> texts = new HashMap<>();
        if (inline != null) {
            ByteBuffer pieces = ByteBuffer.wrap(inline);
            while (pieces.hasRemaining()) {
                Party owner = new Party(name(pieces), name(pieces));
                byte[] text = new byte[pieces.getInt()];
                pieces.get(text);
                texts.put(owner, Payload.wrap(text));
            }
        }
        return new Read(
                dispatch,
                new Content(
                        sender,
                        to,
                        (flags & BODY) == 0 ? null : Payload.wrap(body),
                        (flags & BODY_TO_HANDLERS) != 0,
                        texts,
                        headers),
                mark);
    }

    private static void name(ByteBuffer out, byte[] name) {
        out.put((byte) name.length).put(name);
    }

    private static String name(ByteBuffer in) {
        return text(in, in.get() & 0xff);
    }

    private static String text(ByteBuffer in, int length) {
        byte[] text = new byte[length];
        in.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
