// Clocks, histograms, process and disk accounting, JSON lines.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace peers {

inline double nowSeconds() {
    using clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}
inline uint64_t nowNanos() {
    using clock = std::chrono::steady_clock;
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now().time_since_epoch())
            .count());
}

// Latencies in nanoseconds with about 3% resolution (log-linear buckets).
class Histogram {
public:
    void add(uint64_t ns);
    void merge(const Histogram& other);
    double percentileMicros(double p) const;  // p in 0…100
    double maxMicros() const { return static_cast<double>(max_) / 1e3; }
    uint64_t count() const { return count_; }

private:
    static constexpr int kSub = 32;
    static constexpr int kBuckets = 60 * kSub;
    static int index(uint64_t ns);
    static double lower(int index);
    std::vector<uint64_t> buckets_ = std::vector<uint64_t>(kBuckets);
    uint64_t count_ = 0;
    uint64_t max_ = 0;
};

// Bytes of a directory tree: allocated blocks and apparent length.
struct DiskUsage {
    uint64_t allocated = 0;
    uint64_t apparent = 0;
    uint64_t files = 0;
};
DiskUsage diskUsage(const std::string& directory);
void removeTree(const std::string& directory);
// Flushes and evicts the page cache of every file below the directory (all of it with global).
void evictPageCache(const std::string& directory, bool global);

// Resources of a span of work: wall, own CPU, what others took of the cores, peak memory.
class Meter {
public:
    Meter();
    ~Meter();
    void stop();

    double wall = 0;
    double cpuUser = 0;
    double cpuSystem = 0;
    double othersShare = 0;  // 0…1 of all cores, taken by other processes (noise)
    uint64_t peakRss = 0;    // bytes, file-backed mappings included
    uint64_t peakAnon = 0;   // bytes, sampled: heap and the like
    uint64_t endAnon = 0;
    uint64_t writtenBytes = 0;  // sent towards the block layer by this process

private:
    void sample();
    double start_ = 0;
    double user0_ = 0, system0_ = 0;
    uint64_t busy0_ = 0, total0_ = 0, written0_ = 0;
    std::atomic<bool> running_{true};
    std::atomic<uint64_t> sampledAnon_{0};
    std::thread sampler_;
};

uint64_t anonymousMemory();

// Reads every file below the directory once, in order; returns the bytes read.
uint64_t readFiles(const std::string& directory);
// The rate of reading the directory's files from the disk, evicted before, in GB/s.
double calibrateRead(const std::string& directory);

// How long fdatasync takes right now on this directory's device: the calibration for all the
// durable phases. Median of a short run of 300-byte appends to a preallocated file, in µs.
double calibrateSync(const std::string& directory);

// One flat JSON object per line.
class JsonLine {
public:
    JsonLine& text(const char* key, std::string_view value);
    JsonLine& number(const char* key, double value);
    JsonLine& integer(const char* key, uint64_t value);
    JsonLine& meter(const Meter& m);
    JsonLine& latency(const Histogram& h);
    void print(FILE* out) const;

private:
    void key(const char* k);
    std::string line_;
};

}  // namespace peers
