package dev.moitessier.store.redis;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.commands.ProtocolCommand;

/** One command for the server of a shard: a script, or a plain one. Built by one thread, then only read. */
final class Call {
    private final int shard;
    private final @Nullable Script script;
    private final ProtocolCommand plain;
    private final List<byte[]> keys = new ArrayList<>();
    private final List<byte[]> arguments = new ArrayList<>();
    private long bytes;

    private Call(int shard, @Nullable Script script, ProtocolCommand plain) {
        this.shard = shard;
        this.script = script;
        this.plain = plain;
    }

    static Call of(int shard, Script script) {
        return new Call(shard, script, Protocol.Command.EVALSHA);
    }

    static Call of(int shard, ProtocolCommand plain) {
        return new Call(shard, null, plain);
    }

    Call key(byte[] key) {
        keys.add(key);
        return this;
    }

    Call arg(byte[] argument) {
        arguments.add(argument);
        bytes += argument.length;
        return this;
    }

    Call arg(String argument) {
        return arg(Keys.utf8(argument));
    }

    Call arg(long argument) {
        return arg(Protocol.toByteArray(argument));
    }

    int shard() {
        return shard;
    }

    /** Bytes of its arguments. */
    long bytes() {
        return bytes;
    }

    int argumentCount() {
        return arguments.size();
    }

    /** As sent; {@code source}: with the text of the script, for a server that does not know it. */
    CommandArguments command(boolean source) {
        CommandArguments command;
        if (script == null) {
            command = new CommandArguments(plain);
        } else {
            command = source
                    ? new CommandArguments(Protocol.Command.EVAL).add(script.source())
                    : new CommandArguments(Protocol.Command.EVALSHA).add(script.sha());
            command.add(keys.size());
        }
        keys.forEach(command::add);
        arguments.forEach(command::add);
        return command;
    }
}
