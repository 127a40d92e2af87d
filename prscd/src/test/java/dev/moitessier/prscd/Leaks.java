package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class that lost a buffer: Netty watches each one and says so when it is collected without a release. */
final class Leaks implements BeforeAllCallback, AfterAllCallback {
    private final List<String> lost = new CopyOnWriteArrayList<>();
    private ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();

    @Override
    public void beforeAll(ExtensionContext context) {
        before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ByteBufUtil.setLeakListener((type, records) -> lost.add(type + "\n" + records));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        // What was lost is found when the collector has run and the next buffers are taken.
        for (int i = 0; i < 5; i++) {
            System.gc();
            for (int n = 0; n < 100; n++) {
                PooledByteBufAllocator.DEFAULT.directBuffer().release();
            }
        }
        ByteBufUtil.setLeakListener(null);
        ResourceLeakDetector.setLevel(before);
        assertThat(lost).as("buffers without a release").isEmpty();
    }
}
