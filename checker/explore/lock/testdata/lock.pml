/* The lock for leaders as package lock has it: one control point for each
 * client and indivisible actions, so that states and transitions are the same. */
#ifndef TOKENS
#define TOKENS 4
#endif
#define EXPIRY (TOKENS + 1)
#define BOTH(i, j) (role[i] == 2 && role[j] == 2 && token[i] == token[j])
#define SAFE (!BOTH(0, 1) && !BOTH(0, 2) && !BOTH(1, 2))
byte role[3], token[3], request[3], reply[3], write[3];
byte owner = 0, epoch = 0, stored = 0;

active [3] proctype client() {
	do
	:: d_step { role[_pid] == 0 && request[_pid] == 0 && reply[_pid] == 0 -> request[_pid] = 1; role[_pid] = 1 } /* acquire */
	:: d_step { request[_pid] == 1 && owner == 0 && epoch < TOKENS -> epoch++; owner = _pid + 1; request[_pid] = 0; reply[_pid] = epoch } /* grant */
	:: d_step { role[_pid] == 1 && reply[_pid] > 0 && reply[_pid] < EXPIRY -> role[_pid] = 2; token[_pid] = reply[_pid]; reply[_pid] = 0; assert(SAFE) } /* granted */
	:: d_step { role[_pid] == 2 && write[_pid] == 0 -> write[_pid] = token[_pid] } /* begin */
	:: d_step { write[_pid] != 0 -> if :: write[_pid] > stored -> stored = write[_pid] :: else -> skip fi; write[_pid] = 0 } /* store */
	:: d_step { owner == _pid + 1 -> owner = 0; reply[_pid] = EXPIRY } /* expire */
	:: d_step { reply[_pid] == EXPIRY && role[_pid] != 3 -> reply[_pid] = 0; role[_pid] = 0; token[_pid] = 0; request[_pid] = 0 } /* expired */
	:: d_step { role[_pid] == 2 && request[_pid] == 0 -> request[_pid] = 2; role[_pid] = 0; token[_pid] = 0 } /* release */
	:: d_step { request[_pid] == 2 -> request[_pid] = 0; if :: owner == _pid + 1 -> owner = 0 :: else -> skip fi } /* released */
	:: d_step { role[_pid] != 3 -> role[_pid] = 3; token[_pid] = 0 } /* crash */
	:: d_step { role[_pid] == 3 -> role[_pid] = 0; reply[_pid] = 0 } /* restart */
	:: d_step { (role[_pid] == 0 || role[_pid] == 3) && reply[_pid] > 0 && reply[_pid] < EXPIRY -> reply[_pid] = 0 } /* drop */
	od
}
