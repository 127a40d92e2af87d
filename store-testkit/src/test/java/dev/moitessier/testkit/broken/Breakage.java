package dev.moitessier.testkit.broken;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.Rule;
import dev.moitessier.testkit.StoreWiring;
import java.time.Duration;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A way to break one rule.
 *
 * @param rule the rule
 * @param how what this store does wrong, as its author might put it in a bug report
 * @param stores makes, for one run, what breaks each opened store; instances of a run may share state
 * @param skewed breaks, on top of that, an instance with a wrong clock
 * @param transactions breaks callers' transactions
 */
record Breakage(
        Rule rule,
        String how,
        Supplier<UnaryOperator<MailboxStore>> stores,
        BiFunction<MailboxStore, Duration, MailboxStore> skewed,
        UnaryOperator<StoreWiring.Transactions> transactions) {

    static Breakage of(Rule rule, String how, UnaryOperator<MailboxStore> store) {
        return shared(rule, how, () -> store);
    }

    static Breakage shared(Rule rule, String how, Supplier<UnaryOperator<MailboxStore>> stores) {
        return new Breakage(rule, how, stores, (store, offset) -> store, transactions -> transactions);
    }

    static Breakage ofTransactions(Rule rule, String how, UnaryOperator<StoreWiring.Transactions> transactions) {
        return new Breakage(rule, how, () -> store -> store, (store, offset) -> store, transactions);
    }

    static Breakage ofSkewed(Rule rule, String how, BiFunction<MailboxStore, Duration, MailboxStore> skewed) {
        return new Breakage(rule, how, () -> store -> store, skewed, transactions -> transactions);
    }
}
