package dev.moitessier.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TransactionsTest {
    @Test
    @Timeout(120)
    void whatIsCommittedIsHeardAndWhatIsRolledBackIsNot() throws Exception {
        try (EmbeddedPostgres server = EmbeddedPostgres.builder()
                .setServerConfig("listen_addresses", "localhost")
                .start()) {
            assertThat(Printed.by(() -> Transactions.main(server.getJdbcUrl("postgres", "postgres"))))
                    .containsExactly(
                            "clerk: [17 paid, 17 shipped]",
                            "order 17: paid true, shipped true",
                            "order 18: paid false, shipped false");
        }
    }
}
