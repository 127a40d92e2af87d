-- Moitessier on PostgreSQL, schema version 1.
-- {name} stands for a table, view or function of the configured schema and prefix, {#name} for a bare name with the prefix.

create table {version} (
  version integer not null,
  works_from integer not null,  -- the oldest version of the library's schema number that can use it (expand, then contract)
  applied timestamptz not null default clock_timestamp()
);

-- One row per scope: its counter, and the lock under which positions are given (O1). It stays when its last mailbox goes, so no
-- position is given twice (O3).
create table {scope} (
  scope_id bigint generated always as identity primary key,
  name text collate "C" not null unique,
  head bigint not null,               -- last position given; never lowered
  trimmed bigint not null default 0,  -- entries at or below may be gone
  members_version bigint not null,    -- changes with every mailbox created or removed, and only then
  mailboxes integer not null default 0,
  floor bigint not null default 0,    -- no position at or below is given any more: there may be fences
  solo boolean not null default false -- one process appends right after head beside this row, until somebody puts a fence into the log
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- A mailbox.
create table {listener} (
  listener_id bigint generated always as identity primary key,
  scope_id bigint not null,
  kind smallint not null check (kind between 0 and 2),  -- 0 shared, 1 private, 2 handler
  person text collate "C" not null,                     -- '' when shared
  client text collate "C" not null,
  start bigint not null,                                -- the mailbox holds what is after it
  unique (scope_id, kind, person, client)
);

create table {session} (
  session uuid primary key,
  lease interval not null,
  expires timestamptz not null,
  ended boolean not null default false,
  finished boolean not null default false  -- nothing hangs on it any more; it is remembered for a day, so that it stays ended (L2)
) with (fillfactor = 50);
create index {#session_expires} on {session} (expires) where not ended;
create index {#session_ended} on {session} (session) where ended and not finished;
create index {#session_finished} on {session} (expires) where finished;

create table {subscriber} (
  listener_id bigint not null references {listener},
  subscriber text collate "C" not null,
  registration uuid not null,          -- the owner (L5)
  session uuid,                        -- null while a durable one is away
  keep interval,                       -- null: goes with its session
  lapses timestamptz,                  -- keep after its last registration, acknowledgement or session (L6)
  acknowledged bigint,
  metadata bytea not null,
  farewell bytea,
  primary key (listener_id, subscriber)
) with (fillfactor = 80);
create index {#subscriber_session} on {subscriber} (session) where session is not null;
create index {#subscriber_away} on {subscriber} (lapses) where session is null;

-- The log. A position is the time in microseconds at which it was given, or one more than the scope's last. Each partition has an index
-- of its own that admits an id once: to remember it for minutes costs no row (I1).
create table {message} (
  scope_id bigint not null,
  position bigint not null,
  dispatch uuid not null,
  written timestamptz,                 -- when, if that is not the time in its position
  remember integer,                    -- milliseconds for which the id is not to be written again; null: not at all, or not any more
  text_bytes integer not null,         -- of all texts together; 0: there are none; -1: no entry, but a fence
  to_handlers boolean not null,
  person text collate "C" not null,    -- the sender
  client text collate "C" not null,
  to_person text collate "C",
  to_client text collate "C",
  headers jsonb,
  body bytea,
  primary key (scope_id, position)
) partition by range (position);
create table {message_default} partition of {message} default;
create unique index on {message_default} (dispatch, scope_id) where remember is not null;

-- Texts that reach one handler mailbox alone.
create table {override} (
  scope_id bigint not null,
  position bigint not null,
  person text collate "C" not null,
  client text collate "C" not null,
  body bytea not null,
  primary key (scope_id, position, person, client)
) partition by range (position);
create table {override_default} partition of {override} default;

-- Dispatch ids that are remembered for longer than their entries are kept for sure, and those of the turn of a day, when the first and
-- the second of an id can lie in two partitions (I1).
create table {dispatch} (
  scope_id bigint not null,
  dispatch uuid not null,
  position bigint not null,
  expires timestamptz not null,
  primary key (scope_id, dispatch)
) with (autovacuum_vacuum_scale_factor = 0.05);
create index {#dispatch_expires} on {dispatch} (expires);

-- Enlisted dispatches whose transaction has committed, or may yet; they get their position from whoever comes next (T1 to T3).
create table {pending} (
  seq bigint generated always as identity primary key,
  scope text collate "C" not null,
  dispatch uuid not null,
  remember interval not null,
  to_handlers boolean not null,
  person text collate "C" not null,
  client text collate "C" not null,
  to_person text collate "C",
  to_client text collate "C",
  headers jsonb,
  body bytea,
  text_persons text[],
  text_clients text[],
  text_bodies bytea[]
) with (autovacuum_vacuum_scale_factor = 0.02);
create index {#pending_scope} on {pending} (scope, seq);

-- What one reads by hand.
create function {readable}(bytes bytea) returns text language plpgsql immutable strict
  set search_path = pg_catalog, pg_temp as $body$
begin
  return convert_from(bytes, 'UTF8');
exception when others then
  return '\x' || encode(bytes, 'hex');
end
$body$;

create view {entry} as
  select s.name as scope, m.position, coalesce(m.written, to_timestamp(m.position / 1000000.0)) as at, m.dispatch, m.person, m.client,
         m.to_person, m.to_client, m.headers, {readable}(m.body) as text
  from {message} m join {scope} s using (scope_id)
  where m.position > s.trimmed and m.text_bytes >= 0;

-- Partitions are made and dropped by whoever sweeps. Both functions run with the rights of the schema's owner, so that the
-- role that sweeps needs none beyond calling them.
create function {partitions_ahead}(days integer) returns integer language plpgsql security definer
  set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' as $body$
declare
  day constant bigint := 86400000000;
  first constant bigint := floor(extract(epoch from clock_timestamp()) / 86400)::bigint;
  parent text;
  part text;
  lower bigint;
  stray boolean;
  made integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended({'schema} || '.' || {'prefix}, 0)) then
    return 0;
  end if;
  foreach parent in array array[{'prefix} || 'message', {'prefix} || 'override'] loop
    for i in 0 .. days loop
      lower := (first + i) * day;
      part := parent || to_char(to_timestamp((first + i) * 86400) at time zone 'UTC', '"_"YYYYMMDD');
      continue when exists (
        select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = {'schema} and c.relname = part);
      -- Entries that came before their partition stay in the default one.
      execute format('select exists (select from %I.%I where position >= %s and position < %s)',
        {'schema}, parent || '_default', lower, lower + day) into stray;
      continue when stray;
      execute format('create table %I.%I partition of %I.%I for values from (%s) to (%s)',
        {'schema}, part, {'schema}, parent, lower, lower + day);
      if parent = {'prefix} || 'message' then
        execute format('create unique index on %I.%I (dispatch, scope_id) where remember is not null', {'schema}, part);
      end if;
      made := made + 1;
    end loop;
  end loop;
  return made;
end
$body$;
revoke all on function {partitions_ahead}(integer) from public;

create function {partitions_drop}(bound bigint) returns integer language plpgsql security definer
  set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' as $body$
declare
  old text;
  dropped integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended({'schema} || '.' || {'prefix}, 0)) then
    return 0;
  end if;
  for old in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ({'message}::regclass, {'override}::regclass)
      and substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''(\d+)''\)')::bigint <= bound
    order by c.relname
  loop
    execute format('drop table %I.%I', {'schema}, old);
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$body$;
revoke all on function {partitions_drop}(bigint) from public;

select {partitions_ahead}(3);
