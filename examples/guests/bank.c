/* A contract: accounts with balances. What cannot be paid traps, so that nothing of it stays. */

#define EXPORT(name) __attribute__((export_name(name)))
#define ACCOUNTS 16

static long long balances[ACCOUNTS];

static long long *find(unsigned account)
{
    if (account >= ACCOUNTS) {
        __builtin_trap();
    }
    return &balances[account];
}

EXPORT("mint") void mint(unsigned account, long long amount)
{
    *find(account) += amount;
}

EXPORT("balance") long long balance(unsigned account)
{
    return *find(account);
}

EXPORT("transfer") void transfer(unsigned from, unsigned to, long long amount)
{
    *find(to) += amount;
    *find(from) -= amount;
    if (amount < 0 || *find(from) < 0) {
        __builtin_trap();
    }
}
