package dev.moitessier.benchmarks.psig;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** The same message as one would declare it for jackson-dataformat-msgpack; it gives the same bytes. */
@JsonPropertyOrder({"t", "op", "c", "sid", "pl", "p", "app", "mesh"})
record JacksonSignalling(
        @JsonProperty("t") String type,

        @JsonProperty("op") @JsonInclude(JsonInclude.Include.NON_EMPTY)
        String opCode,

        @JsonProperty("c") String channel,

        @JsonProperty("sid") @JsonInclude(JsonInclude.Include.NON_EMPTY)
        String sid,

        @JsonProperty("pl") @JsonInclude(JsonInclude.Include.NON_EMPTY)
        byte[] payload,

        @JsonProperty("p") String cid,

        @JsonProperty("app") @JsonInclude(JsonInclude.Include.NON_EMPTY)
        String appId,

        @JsonProperty("mesh") @JsonInclude(JsonInclude.Include.NON_EMPTY)
        String meshId) {}
