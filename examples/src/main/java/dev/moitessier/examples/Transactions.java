package dev.moitessier.examples;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.postgres.PostgresStore;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;

/** A row and the message about it are committed together, or not at all. Needs a PostgreSQL: its URL is the argument. */
public final class Transactions {
    private static final Person SHOP = Person.of("shop");

    private final Moitessier moitessier;
    private final PostgresStore store;

    Transactions(Moitessier moitessier) {
        this.moitessier = moitessier;
        this.store = moitessier.store(PostgresStore.class);
    }

    // snippet: transaction-jdbc
    void pay(Connection connection, int order) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement pay = connection.prepareStatement("update orders set paid = true where id = ?")) {
            pay.setInt(1, order);
            pay.executeUpdate();
        }
        moitessier.within(store.enlist(connection)).dispatch(SHOP, "orders", order + " paid");
        connection.commit();
    }
    // end

    // snippet: transaction-jdbi
    void ship(Jdbi jdbi, int order) {
        jdbi.useTransaction(handle -> {
            handle.execute("update orders set shipped = true where id = ?", order);
            moitessier
                    .within(store.enlist(handle))
                    .dispatch(Dispatch.from(SHOP)
                            .to("orders")
                            .text(order + " shipped")
                            .id(Dispatch.idOf("shipped-" + order)));
        });
    }
    // end

    /** Dispatches, and then thinks better of it. */
    void almostShip(Jdbi jdbi, int order) {
        jdbi.useTransaction(handle -> {
            moitessier.within(store.enlist(handle)).dispatch(SHOP, "orders", order + " shipped");
            handle.rollback();
        });
    }

    public static void main(String... args) throws SQLException, InterruptedException {
        String url = args[0];
        Jdbi jdbi = Jdbi.create(url);
        jdbi.useHandle(handle -> {
            handle.execute("create table orders (id int primary key, paid boolean, shipped boolean)");
            handle.execute("insert into orders values (17, false, false), (18, false, false)");
        });
        try (Moitessier moitessier = Moitessier.open(ConfigFactory.parseMap(Map.of(
                        "moitessier.store", "postgres",
                        "moitessier.postgres.url", url,
                        "moitessier.postgres.schema-mode", "MIGRATE")));
                Listener clerk = moitessier.listen(Conditions.shared(Person.of("clerk"), "orders"));
                Connection connection = DriverManager.getConnection(url)) {
            Transactions shop = new Transactions(moitessier);
            shop.almostShip(jdbi, 18);
            shop.pay(connection, 17);
            shop.ship(jdbi, 17);

            List<String> heard = new ArrayList<>();
            clerk.listenUntil(
                    ListenOptions.defaults().interval(Duration.ofMillis(50)).timeout(Duration.ofSeconds(20)),
                    listener -> !heard.contains("17 shipped"),
                    messages -> messages.stream().map(Message::text).forEach(heard::add));
            System.out.println("clerk: " + heard);
            jdbi.useHandle(handle -> handle.createQuery("select id, paid, shipped from orders order by id")
                    .map((row, context) ->
                            "order " + row.getInt(1) + ": paid " + row.getBoolean(2) + ", shipped " + row.getBoolean(3))
                    .forEach(System.out::println));
        }
    }
}
