#!/bin/sh
# Makes a password for each of a fleet's Redis users, a file each, and the ACL file that Redis reads; what is there
# is kept, so that it may be run at every start. To change a password: remove its file, run this, restart the fleet.
#
#   credentials.sh FOLDER
#
# As root, each file belongs to the user that its process runs as (the ids are those of docker-compose.yml).
set -eu
umask 077
folder=$1
mkdir -p "$folder"
chmod 755 "$folder"

# A name in ACL patterns: any run (qfleet:{RUN:fleet}:…), any shard of its replay (qfleet:{RUN:0}:replay:…).
fleet='qfleet:{*:fleet}:'
replay='qfleet:{*:[0-9]*}:replay:'

# A command in a script is held to its caller's rules, so what a process may do in scripts it may do without. That is why
# each command below is allowed on the keys that need it and no others, in a selector "(…)". %R: read only; %W: write only.
# `cluster` is asked by clients of a Redis Cluster, `readonly` and `readwrite` are told to its replicas.
connect='+hello +info +ping +client|setname +multi +exec +discard +time
  +cluster|slots +cluster|info +readonly +readwrite'

# The heartbeat: a process writes what it tells of itself under its own id, adds to counters, and reads how the run is. It
# can't read who else there is: nobody can write over records whose names he does not know.
heartbeat() {
  echo "(+set +del %W~${fleet}process:$1:*) (+hget +hset +pexpire ~${fleet}counted:$1:*)
    (+zadd +zrem %W~${fleet}processes) (+sadd +srem %W~${fleet}unended) (+hincrby +hincrbyfloat ~${fleet}totals)
    (+hget +hmget +hgetall +hstrlen %R~${fleet}run)"
  scripts "~${fleet}process:$1:* ~${fleet}counted:$1:* ~${fleet}processes ~${fleet}unended ~${fleet}totals ~${fleet}run ${2-}"
}

# Scripts that name these keys.
scripts() { echo "(+eval +evalsha $1)"; }

# What BullMQ's scripts do to take a job of a queue, hold it, give it back and find those whose holder died. The queue is
# that of all who take jobs of it.
take_jobs() {
  echo "(+eval +evalsha +exists +type +get +set +del +unlink +incr +decr +expire +pexpire +persist +ttl +pttl
    +hget +hset +hsetnx +hmget +hmset +hgetall +hdel +hexists +hlen +hincrby
    +lindex +llen +lpush +lpop +lpos +lrange +lrem +lset +ltrim +lmove +rpoplpush +rpush +rpop
    +sadd +srem +scard +sismember +smembers +xadd +xdel +xlen +xtrim +zadd +zrem +zcard +zcount +zpopmin +zrange
    +zrangebyscore +zrevrange +zrevrangebyscore +zremrangebyscore +zrank +zscore ~${fleet}queue:$1:*)"
}

# An actor hands experience in, hears of weights and reads them. It can't touch the replay itself: what it pushes to the
# inbox counts once the learner has found it fit.
actor="$connect $(heartbeat actor "~${fleet}episodes ~${fleet}returns") $(take_jobs rollouts)
  +subscribe &${fleet}weights (+hget +hmget %R~${fleet}weights %R~${fleet}weights:*)
  (+xadd %W~${fleet}episodes) (+hincrby +hincrbyfloat ~${fleet}returns)
  (+hmget %R~${replay}meta %R~${replay}writers) (+llen +rpush %W~${replay}inbox) (+mset %W~${replay}inbox:*)
  (+get +set ~${replay}mark:*)
  $(scripts "~${replay}inbox ~${replay}mark:* ~${replay}meta ~${replay}writers")"

# An evaluator takes jobs and their weights, and reports; it sees nothing of the replay.
evaluator="$connect $(heartbeat evaluator "~${fleet}evaluations ~${fleet}evaluation-weights:*") $(take_jobs evaluations)
  (+bzpopmin ~${fleet}queue:evaluations:*) (+exists +hget +pexpire +unlink ~${fleet}evaluation-weights:*)
  (+rpush +ltrim %W~${fleet}evaluations)"

# The exporter reads the run, and writes nothing but its own heartbeat.
exporter="$connect $(heartbeat exporter "~${fleet}* ~${replay}meta")
  (+mget +get +getrange +hget +hmget +hgetall +hstrlen +llen +lindex +lrange +zcard +zrange +xrevrange %R~${fleet}* %R~${replay}meta)"

# The learner owns the run: every key of it, but no command on the server itself.
learner="$connect +publish &${fleet}weights ~qfleet:{* +eval +evalsha
  +exists +type +get +set +setex +mget +mset +del +unlink +rename +strlen +getrange +incr +pexpire +persist +pttl
  +hget +hset +hsetnx +hmget +hmset +hgetall +hdel +hlen +hstrlen +hincrby +hincrbyfloat
  +lindex +llen +lpush +lpop +lrange +lrem +ltrim +rpoplpush +rpush +sadd +srem +scard +smembers
  +zadd +zrem +zcard +zpopmin +bzpopmin +zrange +zrangebyscore +zremrangebyscore +zrevrangebyscore +zscore +xadd +xrange +xrevrange +xtrim"

password_of() {
  if [ ! -s "$folder/$1" ]; then
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
  fi
  cat "$folder/$1"
}

user() {
  hash=$(printf %s "$(password_of "$1")" | sha256sum | cut -d' ' -f1)
  # On one line, without pattern expansion.
  (set -f && echo "user $1 on #$hash resetkeys resetchannels -@all" $2)
}

# A person's, from within Redis's own container: its user alone can read the password.
admin='~* &* +@all'

# Redis loads its append-only file as the user `default`, and drops each transaction there that this user may not do; a
# script's writes are one. So it may do all, and nobody can be it. Without a password one may ask, as `health`, whether
# Redis lives, and no more: the health check.
{
  echo 'user default off resetpass ~* &* +@all'
  echo 'user health on nopass resetkeys resetchannels -@all +ping'
  user learner "$learner"
  user actor "$actor"
  user evaluator "$evaluator"
  user exporter "$exporter"
  user admin "$admin"
} >"$folder/users.acl.new"
mv "$folder/users.acl.new" "$folder/users.acl"

if [ "$(id -u)" = 0 ]; then
  chown 999 "$folder/users.acl" "$folder/admin"
  chown 1000 "$folder/learner"
  chown 1001 "$folder/actor"
  chown 1002 "$folder/evaluator"
  chown 1003 "$folder/exporter"
fi
chmod 400 "$folder/users.acl" "$folder/admin" "$folder/learner" "$folder/actor" "$folder/evaluator" "$folder/exporter"
