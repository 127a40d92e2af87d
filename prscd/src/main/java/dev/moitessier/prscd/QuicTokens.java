package dev.moitessier.prscd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicTokenHandler;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Proves that a client is where it says (RFC 9000 §8.1.2): before a connection costs anything here, its client has to send back
 * what only this process can have made for that address and that connection id, a few seconds ago. Token: expiry in
 * milliseconds, the first 16 bytes of an HMAC-SHA-256, the original connection id.
 */
final class QuicTokens implements QuicTokenHandler {
    static final Duration LIFETIME = Duration.ofSeconds(10);

    private static final String ALGORITHM = "HmacSHA256";
    private static final int MAC_BYTES = 16;
    private static final int PREFIX_BYTES = Long.BYTES + MAC_BYTES;

    private final SecretKeySpec secret;
    private final InstantSource clock;

    QuicTokens(byte[] secret, InstantSource clock) {
        this.secret = new SecretKeySpec(secret, ALGORITHM);
        this.clock = clock;
    }

    @Override
    public boolean writeToken(ByteBuf out, ByteBuf connectionId, InetSocketAddress address) {
        long expiry = clock.millis() + LIFETIME.toMillis();
        byte[] id = ByteBufUtil.getBytes(connectionId);
        out.writeLong(expiry).writeBytes(mac(expiry, id, address)).writeBytes(id);
        return true;
    }

    @Override
    public int validateToken(ByteBuf token, InetSocketAddress address) {
        int length = token.readableBytes();
        if (length < PREFIX_BYTES || length > maxTokenLength()) {
            return -1;
        }
        int start = token.readerIndex();
        long expiry = token.getLong(start);
        long now = clock.millis();
        if (expiry < now || expiry > now + LIFETIME.toMillis()) {
            return -1;
        }
        byte[] given = ByteBufUtil.getBytes(token, start + Long.BYTES, MAC_BYTES);
        byte[] id = ByteBufUtil.getBytes(token, start + PREFIX_BYTES, length - PREFIX_BYTES);
        return MessageDigest.isEqual(given, mac(expiry, id, address)) ? PREFIX_BYTES : -1;
    }

    @Override
    public int maxTokenLength() {
        return PREFIX_BYTES + Quic.MAX_CONN_ID_LEN;
    }

    private byte[] mac(long expiry, byte[] connectionId, InetSocketAddress address) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            mac.update(ByteBuffer.allocate(Long.BYTES + Short.BYTES)
                    .putLong(expiry)
                    .putShort((short) address.getPort())
                    .flip());
            byte[] ip = address.getAddress().getAddress();
            mac.update((byte) ip.length);
            mac.update(ip);
            return Arrays.copyOf(mac.doFinal(connectionId), MAC_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        }
    }
}
