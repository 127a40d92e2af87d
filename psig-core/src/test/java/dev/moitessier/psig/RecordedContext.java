package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

/** A context that keeps what is written, as a runtime would send it. */
final class RecordedContext implements ServerlessContext {
    record Write(int tag, byte[] data) {}

    final List<Write> writes = new ArrayList<>();
    private final byte[] data;

    RecordedContext(byte[] data) {
        this.data = data;
    }

    @Override
    public byte[] data() {
        return data;
    }

    @Override
    public int tag() {
        return Psig.TAG_FROM_PRSCD;
    }

    @Override
    public void write(int tag, byte[] data) {
        writes.add(new Write(tag, data.clone()));
    }

    byte[] onlyWrite(int tag) {
        assertThat(writes).hasSize(1);
        assertThat(writes.get(0).tag()).isEqualTo(tag);
        return writes.get(0).data();
    }
}
