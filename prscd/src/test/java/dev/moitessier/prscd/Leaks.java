package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Fails a test class that lost a buffer: Netty watches each one and says so when it is collected without a release. */
final class Leaks implements BeforeAllCallback, AfterAllCallback {
    private static final Logger DETECTOR = (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);

    private final ListAppender<ILoggingEvent> said = new ListAppender<>();
    private ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();

    @Override
    public void beforeAll(ExtensionContext context) {
        before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        said.start();
        DETECTOR.addAppender(said);
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
        DETECTOR.detachAppender(said);
        ResourceLeakDetector.setLevel(before);
        List<String> lost = List.copyOf(said.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
        assertThat(lost).as("buffers without a release").isEmpty();
    }
}
