-- Positions and members versions of all scopes come from one counter: it is the floor of scopes that come again.
create table counter (last integer not null);
insert into counter values (0);

-- born: where this life of the name began. head, trimmed: positions. mailboxes, messages: how many.
create table scope (
  scope integer primary key, name text not null unique, born integer not null, head integer not null,
  trimmed integer not null default 0, version integer not null, mailboxes integer not null default 0,
  messages integer not null default 0);
create index scope_live on scope (name) where mailboxes > 0;
create index scope_head on scope (head);

create table mailbox (
  mailbox integer primary key, scope integer not null, type integer not null, person text not null, client text not null,
  start integer not null, unique (scope, type, person, client));

-- lapses: when a durable subscriber goes that nobody is behind; null while its session is there.
create table subscriber (
  subscriber integer primary key, mailbox integer not null, id text not null, registration text not null, session text,
  keep integer, lapses integer, metadata blob not null, farewell blob, acknowledged integer, unique (mailbox, id));
create index subscriber_session on subscriber (session) where session is not null;
create index subscriber_lapses on subscriber (lapses) where lapses is not null;

create table session (session text primary key, beat integer not null, lease integer not null, ended integer) without rowid;

-- position is the rowid, which an index on scope holds too: it is one on (scope, position).
create table message (
  position integer primary key, scope integer not null, at integer not null, dispatch text not null, content blob not null);
create index message_scope on message (scope);

create table dispatch (
  scope integer not null, dispatch text not null, position integer not null, expires integer not null,
  primary key (scope, dispatch)) without rowid;
create index dispatch_expires on dispatch (expires);
