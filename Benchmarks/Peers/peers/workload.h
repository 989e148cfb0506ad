// The deterministic workload: ids, event types, payloads, the choice of aggregates.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "store.h"

namespace peers {

// SplitMix64.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    uint64_t below(uint64_t n) {
        return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
    }

private:
    uint64_t state_;
};

// The sum that stands for «the reader touched every payload byte».
inline uint64_t sumBytes(std::string_view s) {
    uint64_t sum = 0, w = 0;
    size_t i = 0;
    for (; i + 8 <= s.size(); i += 8) {
        std::memcpy(&w, s.data() + i, 8);
        sum += w;
    }
    w = 0;
    std::memcpy(&w, s.data() + i, s.size() - i);
    return sum + w;
}

class Workload {
public:
    Workload(uint32_t aggregates, size_t payloadSize, bool zipf, uint64_t seed);

    std::string_view id(uint32_t aggregate) const {
        return {ids_.data() + size_t{aggregate} * kIdLength, kIdLength};
    }
    uint32_t aggregates() const { return aggregates_; }

    // Which aggregate the next event goes to.
    uint32_t pick(Random& r) const;

    NewEvent event(uint64_t n) const {
        return {types_[n % types_.size()], static_cast<int64_t>(1'700'000'000'000'000 + n * 1000),
                payloads_[(n * 2654435761u) % kPayloads]};
    }
    uint64_t eventSum(uint64_t n) const { return sums_[(n * 2654435761u) % kPayloads]; }

    // FNV-1a over all that the first events are made of, and over some states.
    uint64_t digest(uint64_t events, uint64_t seed) const;

    // A semi-compressible JSON text of exactly this size.
    static std::string json(size_t size, Random& r);

private:
    static constexpr size_t kIdLength = 16;
    static constexpr size_t kPayloads = 8192;
    uint32_t aggregates_;
    bool zipf_;
    std::vector<char> ids_;
    std::vector<std::string_view> types_;
    std::vector<std::string> payloads_;
    std::vector<uint64_t> sums_;
    // Alias table for the zipf distribution, hot ranks scattered over the ids.
    std::vector<float> keep_;
    std::vector<uint32_t> alias_;
};

}  // namespace peers
