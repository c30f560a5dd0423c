---- MODULE Lock ----
(* The lock for leaders as package lock has it. *)
EXTENDS Naturals
CONSTANTS Clients, Tokens
VARIABLES role, token, request, reply, write, owner, epoch, stored
vars == <<role, token, request, reply, write, owner, epoch, stored>>
C == 1..Clients
None == [c \in C |-> 0]
Expiry == Tokens + 1
Late(c) == reply[c] \in 1..Tokens

Init == /\ role = None /\ token = None /\ request = None /\ reply = None /\ write = None
        /\ owner = 0 /\ epoch = 0 /\ stored = 0

Acquire(c) == /\ role[c] = 0 /\ request[c] = 0 /\ reply[c] = 0
              /\ request' = [request EXCEPT ![c] = 1] /\ role' = [role EXCEPT ![c] = 1]
              /\ UNCHANGED <<token, reply, write, owner, epoch, stored>>
Grant(c) == /\ request[c] = 1 /\ owner = 0 /\ epoch < Tokens
            /\ epoch' = epoch + 1 /\ owner' = c
            /\ request' = [request EXCEPT ![c] = 0] /\ reply' = [reply EXCEPT ![c] = epoch + 1]
            /\ UNCHANGED <<role, token, write, stored>>
Granted(c) == /\ role[c] = 1 /\ Late(c)
              /\ role' = [role EXCEPT ![c] = 2] /\ token' = [token EXCEPT ![c] = reply[c]] /\ reply' = [reply EXCEPT ![c] = 0]
              /\ UNCHANGED <<request, write, owner, epoch, stored>>
Begin(c) == /\ role[c] = 2 /\ write[c] = 0 /\ write' = [write EXCEPT ![c] = token[c]]
            /\ UNCHANGED <<role, token, request, reply, owner, epoch, stored>>
Store(c) == /\ write[c] # 0 /\ stored' = IF write[c] > stored THEN write[c] ELSE stored
            /\ write' = [write EXCEPT ![c] = 0]
            /\ UNCHANGED <<role, token, request, reply, owner, epoch>>
Expire(c) == /\ owner = c /\ owner' = 0 /\ reply' = [reply EXCEPT ![c] = Expiry]
             /\ UNCHANGED <<role, token, request, write, epoch, stored>>
Expired(c) == /\ reply[c] = Expiry /\ role[c] # 3
              /\ reply' = [reply EXCEPT ![c] = 0] /\ role' = [role EXCEPT ![c] = 0]
              /\ token' = [token EXCEPT ![c] = 0] /\ request' = [request EXCEPT ![c] = 0]
              /\ UNCHANGED <<write, owner, epoch, stored>>
Release(c) == /\ role[c] = 2 /\ request[c] = 0
              /\ request' = [request EXCEPT ![c] = 2] /\ role' = [role EXCEPT ![c] = 0] /\ token' = [token EXCEPT ![c] = 0]
              /\ UNCHANGED <<reply, write, owner, epoch, stored>>
Released(c) == /\ request[c] = 2 /\ request' = [request EXCEPT ![c] = 0]
               /\ owner' = IF owner = c THEN 0 ELSE owner
               /\ UNCHANGED <<role, token, reply, write, epoch, stored>>
Crash(c) == /\ role[c] # 3 /\ role' = [role EXCEPT ![c] = 3] /\ token' = [token EXCEPT ![c] = 0]
            /\ UNCHANGED <<request, reply, write, owner, epoch, stored>>
Restart(c) == /\ role[c] = 3 /\ role' = [role EXCEPT ![c] = 0] /\ reply' = [reply EXCEPT ![c] = 0]
              /\ UNCHANGED <<token, request, write, owner, epoch, stored>>
Drop(c) == /\ role[c] \in {0, 3} /\ Late(c) /\ reply' = [reply EXCEPT ![c] = 0]
           /\ UNCHANGED <<role, token, request, write, owner, epoch, stored>>

Next == \E c \in C : \/ Acquire(c) \/ Grant(c) \/ Granted(c) \/ Begin(c) \/ Store(c) \/ Expire(c) \/ Expired(c)
                     \/ Release(c) \/ Released(c) \/ Crash(c) \/ Restart(c) \/ Drop(c)
Spec == Init /\ [][Next]_vars
OneLeaderAToken == \A c, d \in C : c # d /\ role[c] = 2 /\ role[d] = 2 => token[c] # token[d]
====
