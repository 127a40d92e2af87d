package dev.moitessier.testkit;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The rules of {@code docs/store-contract.md}, under the same ids. Names of tests start with the id of the rule they test, so
 * that a failure leads here: {@link #intent} says what the rule is for, {@link #hint} what to look at first.
 */
public enum Rule {
    O1(
            Level.MUST,
            "A scope has one order, and it agrees with the order in which callers saw their appends return.",
            "Take the position and write the entry under the same lock, script or transaction of the scope: a sequence or"
                    + " identity column read outside of it is not enough."),
    O2(
            Level.MUST,
            "A reader that went on to p never has to look back: what it passed is complete.",
            "Positions must become readable in their order. A number taken before the commit (sequence, timestamp, auto"
                    + " increment) becomes readable late and is lost to whoever read past it."),
    O3(
            Level.MUST,
            "A cursor kept from long ago can never point into another life of the scope.",
            "The head must outlive trimming, the last unregister and a restart; max(head + 1, clock) needs a floor where a scope"
                    + " was deleted, and must not follow a clock that was set back."),
    O4(
            Level.MUST,
            "A page tells exactly how far it looked, so that a reader neither skips nor spins.",
            "`next` is the last position examined: the head when nothing was left, the last entry when the page was cut, never"
                    + " the cursor again while there is more; entries that no reader may see count as examined."),
    A1(
            Level.MUST,
            "Nobody ever reads half a dispatch.",
            "Entry and texts are written in one atomic step, and sizes are checked before it: maxAppend over everything,"
                    + " maxTexts over the map, maxBody over the body."),
    A2(
            Level.MUST,
            "A dispatch costs the same for one listener and for a million: recipients follow from the members.",
            "Answer the members version that the atomic step saw; a mailbox with start < position is a recipient, and Members"
                    + " tells the start."),
    A3(
            Level.MUST,
            "Who may read an entry depends on the entry and on the mailbox's name, and on nothing else.",
            "What core needs for it must come back unchanged: `to` (with a null client or an empty one), bodyToHandlers, a null"
                    + " body, and each text under exactly its owner."),
    A4(
            Level.MUST,
            "A mistyped scope name leaves no trace, and an id spent on nobody is not spent.",
            "Without mailbox answer Unheard before anything is written, the dedup record included; do not create the scope in"
                    + " append."),
    I1(
            Level.MUST,
            "A caller that does not know whether its append happened may simply do it again.",
            "Write the dedup record (scope, id) in the atomic step of the append and look at it there, not before; keep it for"
                    + " `remember` even if the entry is trimmed; answer the first position."),
    I2(
            Level.MUST,
            "Every housekeeping call may be repeated after a failure of unknown outcome.",
            "Upsert by (scope, type, owner) and (mailbox, subscriber); `created` is true for the one call that created the"
                    + " mailbox; the same registration id answers the same start and still updates what it carries."),
    M1(
            Level.MUST,
            "The version tells whether a cached list of mailboxes is still right, and is quiet otherwise.",
            "Raise it in the step that creates or removes a mailbox and in no other; start it above every version that this"
                    + " scope name ever had; read version and starts in one snapshot."),
    M2(
            Level.MUST,
            "A handler's function has run for every handler mailbox that exists when its text is written.",
            "Compare ifMembers under the scope's lock, inside the step that writes, and leave nothing behind on Stale: not the"
                    + " dedup record either."),
    M3(
            Level.MUST,
            "What a node tells others about its subscribers is no business of the store.",
            "Store metadata as bytes, give them back unchanged, and never look inside."),
    V1(
            Level.MUST,
            "After a call returned, every process sees what it did.",
            "Do not read from replicas or from caches of this process; commit before answering."),
    V2(
            Level.MUST,
            "A mailbox begins at a definite point: nothing before it, everything after it.",
            "Read the head in the step that creates the mailbox, under the scope's lock, and store it as start; a re-created"
                    + " mailbox gets a new one."),
    V3(
            Level.MUST,
            "Who asks for history gets what this listener would have got then.",
            "The store must read before a start as well (the cursor decides, not the start), and `newest` gives the last"
                    + " maxEntries that the readers may see, still ascending."),
    C1(
            Level.MUST,
            "A cursor from a lost or restored store is answered, not waited for.",
            "after > head: no entries, reset = true, next = trimmed. Mind arithmetic at Long.MAX_VALUE and negative cursors."),
    C2(
            Level.MUST,
            "Loss by retention is always told.",
            "lossy iff trimmed > after; rows and trimmed must come from one snapshot or trimmed be read after the rows; never"
                    + " return an entry at or below trimmed, even if its row is still there."),
    C3(Level.MUST, "Reading moves nothing.", "A read must not delete, mark or move anything: no consumer groups."),
    C4(
            Level.MUST,
            "\"Since an instant\" never skips what came after it, whatever the clocks say.",
            "Clamp to the head; go by the store's clock at append, be generous when it stepped; guard Instant.MIN and MAX"
                    + " against overflow; an unknown scope gives 0."),
    C5(
            Level.MUST,
            "A durable subscriber finds its place again, and no old owner moves it.",
            "acknowledged = max(old, min(new, head)), and min(new, head) where old > head; compare the registration in the same"
                    + " statement; ignore what does not match."),
    L1(
            Level.MUST,
            "A subscriber always belongs to a session that some sweep will find.",
            "register looks at the session in its own atomic step, under a lock that the end of the session takes too; not open"
                    + " or ended is SessionEnded."),
    L2(
            Level.MUST,
            "A session ends once, for everybody, and its owner is told.",
            "Mark the session ended before removing anything; heartbeat then answers not alive for ever; one that merely lapsed"
                    + " is renewed."),
    L3(
            Level.MUST,
            "No outage, pause or wrong clock ends a session that lives.",
            "Use the store's clock, or a beat that stays unchanged for a lease on your own monotonic clock; end nothing when"
                    + " endAsOf is null or older than a third of that session's lease, checked in the ending step."),
    L4(
            Level.MUST,
            "A mailbox exists exactly while somebody subscribes.",
            "Remove the mailbox in the step that removes its last subscriber, under the scope's lock that register takes too."),
    L5(
            Level.MUST,
            "Whoever registered last owns the subscriber; the old owner's late calls are harmless.",
            "Compare the registration id in unregister, acknowledge and sweep, in the step that changes; a takeover replaces the"
                    + " id, writes no farewell, and answers the session that held it as heldBy."),
    L5a(
            Level.MUST,
            "A scope that must not lose entries between two lives of its mailbox is held by a durable registration.",
            "A registration with keep and no session must hold the mailbox: entries appended while nobody is there must be"
                    + " readable by the next one, and ids stay remembered."),
    L6(
            Level.MUST,
            "A durable subscriber survives its sessions for `keep`, then goes.",
            "At the end of the session set it to null and keep cursor and registration; count `keep` from the last session,"
                    + " registration or acknowledgement."),
    L7(
            Level.MUST,
            "A departure is announced exactly once, whoever carries it out.",
            "Append the farewell in the very transaction that removes or detaches the subscriber, under the registration id as"
                    + " dispatch id; if no mailbox is left write nothing."),
    L8(
            Level.MUST,
            "A list of subscribers plus the log after its position is the present state.",
            "Read list and head in one snapshot (or under the scope's lock); do not hide subscribers whose lease has lapsed."),
    X1(
            Level.MAY,
            "A volatile lane may lose, delay, repeat and reorder, but not invent.",
            "Compare topics exactly (not by prefix or pattern), and never hand over a part of a payload."),
    X2(
            Level.MUST,
            "The lane has no memory.",
            "A subscriber hears only what is published after it subscribed: no replay, no retained message."),
    X3(Level.MUST, "The lane promises nothing relative to appends.", "Nothing to do: users must not rely on it."),
    X4(Level.MAY, "The publisher may or may not hear itself.", "Nothing to do: users must cope with both."),
    X5(
            Level.MUST,
            "An outage costs the lane its messages and nothing else.",
            "publish answers false or true, quickly, and never throws; the subscription comes back by itself."),
    X6(
            Level.MUST,
            "After close nobody is called.",
            "Wait for a call under way, or make it the last one, before close returns."),
    X7(
            Level.MUST,
            "Users of the lane converge without it.",
            "Wrap the lane in the kit's LossyBroadcaster in the tests of whatever uses it."),
    R1(
            Level.MUST,
            "One call serves a whole node.",
            "Accept 1,000 requests, splitting inside where a statement is limited; a caught-up request needs the head only."),
    R2(
            Level.MUST,
            "No reader misses an entry, and no text reaches another's eyes.",
            "A filter by readers is allowed but must admit all that A3 admits; strip texts of owners that are not among the"
                    + " readers; a request without reader is legal."),
    R3(
            Level.MUST,
            "A page fits in memory, and reading always goes on.",
            "Count bytes over all pages of the call; the first page that has something returns at least one entry however large;"
                    + " a page that got no entry for lack of room has next = its cursor, not the head."),
    R4(
            Level.MUST,
            "A store that forgot a scope says so.",
            "Unknown scope: head 0, version 0, no entries, reset iff after > 0."),
    R5(
            Level.MUST,
            "A listener whose mailbox went away is told and starts anew.",
            "This rule is core's: core asks for the members when a page shows a version that is new to it."),
    B1(
            Level.MUST,
            "A batch answers as if its elements had been appended one by one.",
            "One answer per element, by index; within a scope the elements' order is the order of positions; two elements with"
                    + " one (scope, id) are a duplicate of each other."),
    B2(
            Level.MUST,
            "One bad element or one busy scope does not harm the others.",
            "Validate per element; use a savepoint, or one step per scope; skip a scope that is locked by others, and come back"
                    + " to it alone, with a time limit."),
    B3(
            Level.MUST,
            "A retry cannot turn the order around.",
            "After a retryable or unknown failure of one element fail the later ones of its scope as well, without writing"
                    + " them."),
    B4(
            Level.MUST,
            "append answers; it does not throw.",
            "Turn failures into Failed elements; throw only Closed and Misconfigured."),
    T1(
            Level.MUST,
            "What a caller's transaction dispatches exists iff it commits.",
            "Write on the caller's own connection; give positions after the commit, from a pending row, so that no scope is"
                    + " locked meanwhile (SHOULD)."),
    T2(
            Level.MUST,
            "An enlisted append has no position yet, and says so.",
            "Answer Enlisted; refuse ifMembers; settle dedup, A4 and recipients when the position is given."),
    T3(
            Level.MUST,
            "What starts after the commit comes after it.",
            "Promote pending rows first in read, append and register, under the scope's lock, in commit order, those of one"
                    + " transaction in call order."),
    T4(
            Level.MUST,
            "The caller's transaction is the caller's.",
            "No retry, commit, rollback, isolation level or timeout setting on the caller's connection."),
    T5(
            Level.MUST,
            "A committed dispatch wakes listeners as others do, or the next poll finds it.",
            "Notify in the caller's transaction, or rely on the poll; nothing may be hinted before the commit."),
    W1(
            Level.MUST,
            "Correctness never needs a hint.",
            "Everything must be found by read alone: hints carry no data and change nothing."),
    W2(
            Level.MUST,
            "With push, a listener elsewhere wakes within the stated bound.",
            "Hint after the commit, from every instance that appends, to every instance that added the scope; state a bound in"
                    + " Capabilities.push that holds on a busy machine."),
    W3(
            Level.MUST,
            "A hint is never early, and never after close.",
            "Hint after the commit became visible; stop the hint thread or check under a lock before close returns."),
    W4(
            Level.MUST,
            "Between asking for hints and getting them nothing falls through.",
            "add returns at once; when the subscription is in effect, hint the scope once; after each (re)connect or overflow"
                    + " hint everything."),
    W5(
            Level.MUST,
            "Watching 100,000 scopes costs memory only.",
            "One connection and thread for all scopes of a process, one small entry per scope."),
    N1(
            Level.MUST,
            "A name is kept byte for byte.",
            "Compare names by bytes: no case folding, trimming, normalising, padding, pattern or path; use columns with a binary"
                    + " collation, and never join parts with a separator."),
    N2(
            Level.MUST,
            "One can list the live scopes, whatever happens meanwhile.",
            "Page by key, not by offset; treat % _ * [ and \\ in a prefix as plain characters; list only scopes that have a"
                    + " mailbox."),
    E1(
            Level.MUST,
            "A failure tells whether it may have happened after all.",
            "outcomeUnknown is false only if nothing can have been written: refused connections, checks before I/O; a connection"
                    + " lost after the request went out is unknown."),
    E2(
            Level.MUST,
            "Contention is the store's problem, not the caller's.",
            "Retry deadlocks, serialisation failures, moved slots and lost scripts inside, within callLimit; set your own"
                    + " isolation level."),
    E3(
            Level.MUST,
            "No call hangs.",
            "Every socket and lock has a time limit below callLimit; an interrupted thread gets Interrupted with its flag still"
                    + " set."),
    E4(
            Level.MUST,
            "close ends everything, soon.",
            "Set closed first, then abort what is under way (Connection.abort, socket close); later calls throw Closed; a second"
                    + " close does nothing."),
    E5(
            Level.MUST,
            "After an outage the store works again by itself.",
            "Drop dead connections from the pool, reconnect hints and broken scripts, and retry within 5 s of the server's"
                    + " return."),
    E6(
            Level.MUST,
            "Bad input is refused before anything is written, and the message says the limit.",
            "Check name, text, metadata and size first; count bytes of UTF-8, not chars; the message holds the number."),
    S1(
            Level.MUST,
            "Retention never takes what it promised to keep.",
            "An entry stays while it is younger than age AND among the newest count; age by the store's clock; ask the function"
                    + " per scope."),
    S2(
            Level.MUST,
            "An entry never vanishes unannounced.",
            "Raise trimmed first (or in the same step), commit, then delete."),
    S3(
            Level.MUST,
            "Any number of nodes may sweep, in small pieces.",
            "Lock with skip; stop after `work` removals and say more; remember where you stopped, or take the oldest first."),
    S4(
            Level.MUST,
            "Nothing dead stays for ever.",
            "Sweep dedup records, lapsed durable subscribers, ended sessions and leftovers too; promote pending appends."),
    S5(
            Level.MUST,
            "Who vanished is gone within lease + sweep interval + work.",
            "Do not wait for a second sweep or another margin before ending a lapsed session.");

    /** How binding a rule is. */
    public enum Level {
        /** A store that does otherwise is no store. */
        MUST,
        /** A good store does. */
        SHOULD,
        /** A store may. */
        MAY
    }

    private final Level level;
    private final String intent;
    private final String hint;

    Rule(Level level, String intent, String hint) {
        this.level = level;
        this.intent = intent;
        this.hint = hint;
    }

    /** How binding it is. */
    public Level level() {
        return level;
    }

    /** What it is for, in one sentence. */
    public String intent() {
        return intent;
    }

    /** What to look at when its tests fail. */
    public String hint() {
        return hint;
    }

    /** The rule that a test of this name tests, such as {@code O2_noLateArrivals}; empty if it names none. */
    public static Optional<Rule> ofTest(String testName) {
        List<Rule> rules = Arrays.asList(values());
        return rules.stream()
                .filter(rule -> testName.startsWith(rule.name() + "_"))
                .findFirst();
    }
}
