package dev.moitessier;

import dev.moitessier.store.Payload;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * What a subscriber's registration says of it (M3). Stores never read it.
 *
 * <pre>
 * byte    version, 1
 * bytes   person, client, durable name ("" if none): each an unsigned 16-bit length and UTF-8
 * long    since, milliseconds of the epoch
 * bytes   state: an unsigned 16-bit length and as many bytes
 * </pre>
 *
 * All numbers big-endian. A later version only appends: a reader takes what it knows and leaves the rest, so nodes of two versions
 * may share a store.
 */
record Metadata(Person person, String durableName, Instant since, byte[] state) {
    private static final int VERSION = 1;

    Payload encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(32 + state.length);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            write(out, person.id().getBytes(StandardCharsets.UTF_8));
            write(out, person.client().getBytes(StandardCharsets.UTF_8));
            write(out, durableName.getBytes(StandardCharsets.UTF_8));
            out.writeLong(since.toEpochMilli());
            write(out, state);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return Payload.wrap(bytes.toByteArray());
    }

    /** @throws IllegalArgumentException if this is no such record */
    static Metadata decode(Payload payload) {
        byte[] bytes = new byte[payload.size()];
        payload.view().get(bytes);
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            if (in.readUnsignedByte() < VERSION) {
                throw new IllegalArgumentException("a subscriber's metadata begins with a version, from " + VERSION);
            }
            Person person = Person.of(text(in), text(in));
            return new Metadata(person, text(in), Instant.ofEpochMilli(in.readLong()), read(in));
        } catch (IOException cut) {
            throw new IllegalArgumentException("a subscriber's metadata is cut short: " + bytes.length + " bytes", cut);
        }
    }

    private static void write(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeShort(bytes.length);
        out.write(bytes);
    }

    private static String text(DataInputStream in) throws IOException {
        return new String(read(in), StandardCharsets.UTF_8);
    }

    private static byte[] read(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readUnsignedShort()];
        in.readFully(bytes);
        return bytes;
    }
}
