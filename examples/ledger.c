/* A ledger: transactions with a gas limit each, contracts that call each other, and exact charges.
 *
 *   ledger bank.wasm shop.wasm
 *
 * Both contracts live in one store. A transaction that fails is rolled back, but its gas is
 * charged, to the unit. A contract calls another through the host function `ledger.transfer`, with
 * a share of the gas and a checkpoint of its own: when the callee fails, the caller goes on. */
#include <reprise/reprise.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ledger {
    rp_store *store;
    rp_instance *bank, *shop;
    uint64_t charged;
};

static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
        exit(1);
    }
}

static uint32_t find(const rp_instance *instance, const char *name)
{
    rp_extern found;
    rp_name text = {name, strlen(name)};
    if (rp_instance_export(instance, text, &found) != RP_OK) {
        fprintf(stderr, "no export \"%s\"\n", name);
        exit(1);
    }
    return found.index;
}

/* ledger.transfer(from, to, amount, gas) -> 0 paid, 1 refused: the nested call. */
static rp_host_result transfer(void *user, rp_caller *caller, const rp_value *args,
                               rp_value *results)
{
    const struct ledger *ledger = user;
    rp_report report = {0};
    rp_outcome outcome;
    uint64_t gas = (uint64_t)args[3].of.i64;
    rp_status status = rp_caller_call(caller, find(ledger->bank, "transfer"), args, 3, gas, true,
                                      NULL, 0, &outcome, &report);
    if (status != RP_OK) {
        rp_caller_message(caller, report.text);
        return RP_HOST_FAIL;
    }
    results[0].of.i32 = outcome.kind != RP_OUTCOME_RETURNED;
    return RP_HOST_RETURN;
}

static rp_instance *deploy(rp_engine *engine, rp_store *store, const char *path)
{
    static unsigned char bytes[1 << 20];
    rp_report report = {0};
    rp_module *module;
    rp_instance *instance;
    rp_outcome outcome;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    require(rp_module_load(engine, bytes, size, &module, &report), &report);
    require(rp_store_instantiate(store, module, &instance, &outcome, &report), &report);
    rp_module_destroy(module); /* the store keeps it */
    return instance;
}

/* Executes one transaction. Whatever happens, what it used is charged; what it did stays only if it
 * returned. */
static void transact(struct ledger *ledger, const rp_instance *contract, const char *name,
                     const rp_value *args, size_t arg_count, uint64_t gas_max)
{
    rp_store *store = ledger->store;
    rp_report report = {0};
    rp_checkpoint *before;
    rp_outcome outcome;
    rp_value result = {0};
    uint32_t func = find(contract, name);
    size_t result_count = rp_store_func_type(store, func).result_count;
    uint64_t start = rp_store_gas_used(store);
    require(rp_store_checkpoint(store, &before, &report), &report);
    rp_store_set_gas_limit(store, (int64_t)(start + gas_max));
    require(rp_store_call(store, func, args, arg_count, &result, result_count, &outcome, &report),
            &report);
    const char *verdict = "done";
    if (outcome.kind != RP_OUTCOME_RETURNED) {
        verdict = outcome.kind == RP_OUTCOME_OUT_OF_GAS ? "out of gas" : outcome.message;
        require(rp_store_rollback(store, before, &report), &report);
    }
    rp_checkpoint_destroy(before);
    uint64_t charge = rp_store_gas_used(store) - start;
    ledger->charged += charge;
    printf("%-9s gas %6llu of %6llu  %s", name, (unsigned long long)charge,
           (unsigned long long)gas_max, verdict);
    if (outcome.kind == RP_OUTCOME_RETURNED && result_count == 1) {
        printf(" -> %lld",
               result.kind == RP_I32 ? (long long)result.of.i32 : (long long)result.of.i64);
    }
    printf("\n");
}

static long long ask(struct ledger *ledger, const rp_instance *contract, const char *name,
                     int32_t argument, size_t arg_count)
{
    rp_report report = {0};
    rp_outcome outcome;
    rp_value arg = {.kind = RP_I32, .of.i32 = argument};
    rp_value result = {0};
    rp_store_set_gas_limit(ledger->store, RP_GAS_UNLIMITED);
    uint64_t start = rp_store_gas_used(ledger->store);
    require(rp_store_call(ledger->store, find(contract, name), &arg, arg_count, &result, 1,
                          &outcome, &report),
            &report);
    ledger->charged += rp_store_gas_used(ledger->store) - start;
    return result.kind == RP_I32 ? result.of.i32 : (long long)result.of.i64;
}

static void define_transfer(struct ledger *ledger)
{
    static const rp_valkind params[] = {RP_I32, RP_I32, RP_I64, RP_I64};
    static const rp_valkind results[] = {RP_I32};
    rp_report report = {0};
    rp_host_func func = {.struct_size = sizeof func,
                         .module = "ledger",
                         .name = "transfer",
                         .type = {params, 4, results, 1},
                         .callback = transfer,
                         .user = ledger,
                         .is_pure = true}; /* its answer follows from the state */
    require(rp_store_define_func(ledger->store, &func, &report), &report);
}

#define ACCOUNT(number) {.kind = RP_I32, .of.i32 = (number)}
#define AMOUNT(number) {.kind = RP_I64, .of.i64 = (number)}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "use: %s bank.wasm shop.wasm\n", argv[0]);
        return 2;
    }
    rp_report report = {0};
    rp_engine *engine;
    struct ledger ledger = {0};
    require(rp_engine_create(NULL, &engine, &report), &report);
    require(rp_store_create(engine, NULL, &ledger.store, &report), &report);
    define_transfer(&ledger);
    ledger.bank = deploy(engine, ledger.store, argv[1]);
    ledger.shop = deploy(engine, ledger.store, argv[2]);

    const rp_value mint[] = {ACCOUNT(1), AMOUNT(500)};
    const rp_value pay[] = {ACCOUNT(1), ACCOUNT(2), AMOUNT(120)};
    const rp_value overdraw[] = {ACCOUNT(2), ACCOUNT(3), AMOUNT(121)};
    const rp_value buy_three[] = {ACCOUNT(1), ACCOUNT(3)};
    const rp_value buy_five[] = {ACCOUNT(2), ACCOUNT(5)};
    const rp_value buy_eleven[] = {ACCOUNT(1), ACCOUNT(11)};
    transact(&ledger, ledger.bank, "mint", mint, 2, 10000);
    transact(&ledger, ledger.bank, "transfer", pay, 3, 10000);
    transact(&ledger, ledger.bank, "transfer", overdraw, 3, 10000); /* traps */
    transact(&ledger, ledger.shop, "buy", buy_three, 2, 10000);
    transact(&ledger, ledger.shop, "buy", buy_five, 2,
             10000); /* the bank refuses, the shop goes on */
    transact(&ledger, ledger.shop, "buy", buy_eleven, 2,
             10000);                                        /* paid, then not in stock: undone */
    transact(&ledger, ledger.shop, "audit", NULL, 0, 5000); /* never ends */

    long long first = ask(&ledger, ledger.bank, "balance", 1, 1);
    long long second = ask(&ledger, ledger.bank, "balance", 2, 1);
    long long till = ask(&ledger, ledger.bank, "balance", 15, 1);
    long long stock = ask(&ledger, ledger.shop, "stock", 0, 0);
    long long refused = ask(&ledger, ledger.shop, "refused", 0, 0);
    printf("balances %lld, %lld, till %lld; stock %lld, refused %lld\n", first, second, till, stock,
           refused);
    int exact = ledger.charged == rp_store_gas_used(ledger.store);
    printf("charged %llu gas, %s what was used\n", (unsigned long long)ledger.charged,
           exact ? "exactly" : "NOT");
    int right = first == 305 && second == 120 && till == 75 && stock == 7 && refused == 1 && exact;
    rp_store_destroy(ledger.store);
    rp_engine_destroy(engine);
    return right ? 0 : 1;
}
