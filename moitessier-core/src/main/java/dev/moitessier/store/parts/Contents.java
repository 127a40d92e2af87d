package dev.moitessier.store.parts;

import dev.moitessier.store.Address;
import dev.moitessier.store.Content;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A content as bytes, for what a store keeps and never looks into: a farewell that waits in its subscriber's row, or whole entries.
 * The first byte is the format's version; what one version wrote later ones read.
 */
public final class Contents {
    private static final int VERSION = 1;

    private Contents() {}

    /** Its bytes. */
    public static byte[] write(Content content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            string(out, content.sender().person());
            string(out, content.sender().client());
            Address to = content.to();
            string(out, to == null ? null : to.person());
            string(out, to == null ? null : to.client());
            payload(out, content.body());
            out.writeBoolean(content.bodyToHandlers());
            out.writeInt(content.texts().size());
            for (Map.Entry<Party, Payload> text : content.texts().entrySet()) {
                string(out, text.getKey().person());
                string(out, text.getKey().client());
                payload(out, text.getValue());
            }
            out.writeInt(content.headers().size());
            for (Map.Entry<String, String> header : content.headers().entrySet()) {
                string(out, header.getKey());
                string(out, header.getValue());
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /** What {@link #write} wrote; null of null. */
    public static @Nullable Content readNullable(byte @Nullable [] bytes) {
        return bytes == null ? null : read(bytes);
    }

    /**
     * What {@link #write} wrote.
     *
     * @throws IllegalStateException if the bytes are torn, or of a format that this version does not know
     */
    public static Content read(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readByte();
            if (version != VERSION) {
                throw new IllegalStateException("content of format " + version + ", this library knows " + VERSION);
            }
            Party sender = party(in);
            String person = string(in);
            String client = string(in);
            byte[] body = bytes(in);
            boolean toHandlers = in.readBoolean();
            Map<Party, Payload> texts = new LinkedHashMap<>();
            for (int left = in.readInt(); left > 0; left--) {
                texts.put(party(in), Payload.wrap(present(bytes(in))));
            }
            Map<String, String> headers = new LinkedHashMap<>();
            for (int left = in.readInt(); left > 0; left--) {
                headers.put(present(string(in)), present(string(in)));
            }
            return new Content(
                    sender,
                    person == null ? null : new Address(person, client),
                    body == null ? null : Payload.wrap(body),
                    toHandlers,
                    texts,
                    headers);
        } catch (IOException torn) {
            throw new IllegalStateException("a content ends too soon", torn);
        }
    }

    private static Party party(DataInputStream in) throws IOException {
        return new Party(present(string(in)), present(string(in)));
    }

    private static void payload(DataOutputStream out, @Nullable Payload payload) throws IOException {
        bytes(out, payload == null ? null : payload.toBytes());
    }

    private static void string(DataOutputStream out, @Nullable String text) throws IOException {
        bytes(out, text == null ? null : text.getBytes(StandardCharsets.UTF_8));
    }

    private static void bytes(DataOutputStream out, byte @Nullable [] bytes) throws IOException {
        out.writeInt(bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            out.write(bytes);
        }
    }

    private static @Nullable String string(DataInputStream in) throws IOException {
        byte[] bytes = bytes(in);
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte @Nullable [] bytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }

    private static <T> T present(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("a content lacks what it must have");
        }
        return value;
    }
}
