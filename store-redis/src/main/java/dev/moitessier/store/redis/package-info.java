/** The store contract on Redis 6.2 or newer: standalone, behind sentinels, or a cluster. Begin with {@link RedisStore}. */
@NullMarked
package dev.moitessier.store.redis;

import org.jspecify.annotations.NullMarked;
