package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.Conditions;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.testkit.Eventually;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionTemplate;

/** The Java in {@code docs/store-postgres.md}, run; that the document says the same is tested in the examples. */
final class SnippetsOfTheDocumentTest {
    @Test
    void aTransactionOfSpringOrJdbiTakesItsMessageAlong() throws Exception {
        try (Scratch scratch = new Scratch()) {
            scratch.execute("create table orders (id int, paid boolean)", "insert into orders values (17, false)");
            PGSimpleDataSource dataSource = scratch.dataSource();
            // snippet: postgres-open
            PostgresStore.migrate(dataSource); // once, by whoever may create a schema
            PostgresStore store = PostgresStore.create(dataSource);
            Moitessier moitessier = Moitessier.on(store);
            // end
            TransactionTemplate transactionTemplate =
                    new TransactionTemplate(new DataSourceTransactionManager(dataSource));
            JdbcTemplate jdbcTemplate = new JdbcTemplate(dataSource);
            Jdbi jdbi = Jdbi.create(dataSource);
            List<String> heard = new CopyOnWriteArrayList<>();
            try (store;
                    moitessier) {
                moitessier
                        .listen(Conditions.shared(Person.of("ada"), "orders"))
                        .subscribe(message -> heard.add(message.text()));
                assertThatThrownBy(() -> transactionTemplate.executeWithoutResult(status -> {
                            Connection connection = DataSourceUtils.getConnection(dataSource);
                            moitessier
                                    .within(store.enlist(connection))
                                    .dispatch(Person.of("shop"), "orders", "rolled back");
                            throw new IllegalStateException("no money");
                        }))
                        .hasMessage("no money");
                // snippet: postgres-spring
                transactionTemplate.executeWithoutResult(status -> {
                    jdbcTemplate.update("update orders set paid = true where id = ?", 17);
                    // Spring's, the one of this transaction
                    Connection connection = DataSourceUtils.getConnection(dataSource);
                    moitessier.within(store.enlist(connection)).dispatch(Person.of("shop"), "orders", "17 paid");
                });
                // end
                // snippet: postgres-jdbi
                jdbi.useTransaction(handle -> {
                    handle.execute("update orders set paid = true where id = ?", 17);
                    moitessier.within(store.enlist(handle)).dispatch(Person.of("shop"), "orders", "17 paid");
                });
                // end
                Eventually.within(Duration.ofSeconds(20)).until("both are heard", () -> heard.size() == 2);
                assertThat(heard).containsExactly("17 paid", "17 paid");
            }
        }
    }
}
