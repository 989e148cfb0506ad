#include "workload.h"

#include <cmath>
#include <cstdio>

namespace peers {

Workload::Workload(uint32_t aggregates, size_t payloadSize, bool zipf, uint64_t seed)
    : aggregates_(aggregates), zipf_(zipf) {
    ids_.resize(size_t{aggregates} * kIdLength);
    for (uint32_t i = 0; i < aggregates; i++) {
        char id[32];
        std::snprintf(id, sizeof id, "account-%08u", i);
        std::memcpy(ids_.data() + size_t{i} * kIdLength, id, kIdLength);
    }
    types_ = {"AccountOpened",  "MoneyDeposited",   "MoneyWithdrawn",    "TransferRequested",
              "TransferBooked", "TransferRejected", "LimitChanged",      "CardIssued",
              "CardBlocked",    "InterestAccrued",  "StatementProduced", "AccountClosed"};
    Random r(seed ^ 0x5EED);
    payloads_.reserve(kPayloads);
    for (size_t i = 0; i < kPayloads; i++) {
        payloads_.push_back(json(payloadSize, r));
        sums_.push_back(sumBytes(payloads_.back()));
    }
    if (!zipf_) return;

    // Vose's alias method over 1 / rank^0.99.
    std::vector<double> weight(aggregates);
    double total = 0;
    for (uint32_t i = 0; i < aggregates; i++) total += weight[i] = std::pow(i + 1.0, -0.99);
    keep_.resize(aggregates);
    alias_.resize(aggregates);
    std::vector<uint32_t> small, large;
    for (uint32_t i = 0; i < aggregates; i++) {
        weight[i] *= aggregates / total;
        (weight[i] < 1 ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
        const uint32_t s = small.back(), l = large.back();
        small.pop_back();
        keep_[s] = static_cast<float>(weight[s]);
        alias_[s] = l;
        weight[l] -= 1 - weight[s];
        if (weight[l] < 1) {
            large.pop_back();
            small.push_back(l);
        }
    }
    for (const auto& rest : {small, large}) {
        for (uint32_t i : rest) keep_[i] = 1;
    }
}

uint32_t Workload::pick(Random& r) const {
    const auto i = static_cast<uint32_t>(r.below(aggregates_));
    if (!zipf_) return i;
    const float u = static_cast<float>(r.next() >> 40) * 0x1p-24f;
    const uint32_t rank = u < keep_[i] ? i : alias_[i];
    return static_cast<uint32_t>((uint64_t{rank} * 2654435761u) % aggregates_);
}

uint64_t Workload::digest(uint64_t events, uint64_t seed) const {
    uint64_t hash = 0xCBF29CE484222325ull;
    auto add = [&](const char* p, size_t n) {
        for (size_t i = 0; i < n; i++) {
            hash = (hash ^ static_cast<unsigned char>(p[i])) * 0x100000001B3ull;
        }
    };
    auto text = [&](std::string_view s) { add(s.data(), s.size()); };
    Random r(seed);
    for (uint64_t n = 0; n < events; n++) {
        text(id(pick(r)));
        const NewEvent e = event(n);
        text(e.type);
        add(reinterpret_cast<const char*>(&e.timestamp), 8);
        text(e.payload);
        const uint64_t sum = eventSum(n);
        add(reinterpret_cast<const char*>(&sum), 8);
    }
    Random states(seed + 9);
    for (int i = 0; i < 8; i++) text(json(4096, states));
    return hash;
}

std::string Workload::json(size_t size, Random& r) {
    static const char* const words[] = {"rent",    "salary",  "groceries", "refund", "invoice",
                                        "coffee",  "transfer", "savings",  "ticket", "pension",
                                        "deposit", "purchase", "monthly",  "shared", "travel"};
    static const char* const currencies[] = {"EUR", "USD", "GBP", "CHF"};
    char buffer[256];
    // One at a time: the order in which arguments are evaluated is the compiler's choice.
    const uint64_t by = r.below(1000000), currency = r.below(4), cents = r.below(100),
                   amount = r.below(100000), id = r.next();
    std::snprintf(buffer, sizeof buffer,
                  "{\"id\":\"%016llx\",\"amount\":%llu.%02llu,\"currency\":\"%s\",\"by\":\"u-%06llu\"",
                  static_cast<unsigned long long>(id), static_cast<unsigned long long>(amount),
                  static_cast<unsigned long long>(cents), currencies[currency],
                  static_cast<unsigned long long>(by));
    std::string s = buffer;
    for (int line = 0; s.size() + 2 < size; line++) {
        if (line == 0) {
            s += ",\"note\":\"";
            s += words[r.below(15)];
            s += ' ';
            s += words[r.below(15)];
        } else {
            const uint64_t reference = r.next() & 0xFFFFFFFF, word = r.below(15);
            std::snprintf(buffer, sizeof buffer, "\",\"ref%d\":\"%s-%08llx", line, words[word],
                          static_cast<unsigned long long>(reference));
            s += buffer;
        }
    }
    s.resize(size - 2, 'x');
    s += "\"}";
    return s;
}

}  // namespace peers
