#include "util.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>

#include "store.h"

namespace peers {

// --- Histogram ------------------------------------------------------------------------------

int Histogram::index(uint64_t ns) {
    if (ns < kSub) return static_cast<int>(ns);
    const int log = 63 - __builtin_clzll(ns);
    const int sub = static_cast<int>((ns >> (log - 5)) & (kSub - 1));
    return std::min((log - 4) * kSub + sub, kBuckets - 1);
}

double Histogram::lower(int index) {
    if (index < kSub) return index;
    const int log = index / kSub + 4;
    const int sub = index % kSub;
    return std::ldexp(1.0 + sub / static_cast<double>(kSub), log);
}

void Histogram::add(uint64_t ns) {
    buckets_[static_cast<size_t>(index(ns))]++;
    count_++;
    max_ = std::max(max_, ns);
}

void Histogram::merge(const Histogram& other) {
    for (size_t i = 0; i < buckets_.size(); i++) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

double Histogram::percentileMicros(double p) const {
    if (count_ == 0) return 0;
    const auto target = static_cast<uint64_t>(std::ceil(static_cast<double>(count_) * p / 100.0));
    uint64_t seen = 0;
    for (int i = 0; i < kBuckets; i++) {
        seen += buckets_[static_cast<size_t>(i)];
        if (seen >= target) return lower(i) / 1e3;
    }
    return maxMicros();
}

// --- Disk -----------------------------------------------------------------------------------

static void walk(const std::string& path,
                 const std::function<void(const std::string&, const struct stat&)>& f) {
    struct stat st {};
    if (lstat(path.c_str(), &st) != 0) return;
    if (S_ISDIR(st.st_mode)) {
        if (DIR* d = opendir(path.c_str())) {
            while (dirent* e = readdir(d)) {
                const std::string name = e->d_name;
                if (name != "." && name != "..") walk(path + "/" + name, f);
            }
            closedir(d);
        }
    }
    f(path, st);
}

DiskUsage diskUsage(const std::string& directory) {
    DiskUsage u;
    walk(directory, [&](const std::string&, const struct stat& st) {
        if (!S_ISREG(st.st_mode)) return;
        u.allocated += static_cast<uint64_t>(st.st_blocks) * 512;
        u.apparent += static_cast<uint64_t>(st.st_size);
        u.files++;
    });
    return u;
}

void removeTree(const std::string& directory) {
    walk(directory, [](const std::string& path, const struct stat& st) {
        if (S_ISDIR(st.st_mode)) {
            rmdir(path.c_str());
        } else {
            unlink(path.c_str());
        }
    });
}

void evictPageCache(const std::string& directory, bool global) {
    walk(directory, [](const std::string& path, const struct stat& st) {
        if (!S_ISREG(st.st_mode)) return;
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return;
        fsync(fd);
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    });
    if (global) {
        sync();
        const int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "3", 1) != 1) fail("cannot drop caches (root needed)");
        close(fd);
    }
}

uint64_t readFiles(const std::string& directory) {
    uint64_t total = 0;
    std::vector<char> buffer(1 << 20);
    walk(directory, [&](const std::string& path, const struct stat& st) {
        if (!S_ISREG(st.st_mode)) return;
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return;
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        // Only what has blocks: holes cost nothing to read.
        uint64_t left = std::min(static_cast<uint64_t>(st.st_size),
                                 static_cast<uint64_t>(st.st_blocks) * 512);
        while (left > 0) {
            const ssize_t n = read(fd, buffer.data(), std::min<uint64_t>(left, buffer.size()));
            if (n <= 0) break;
            total += static_cast<uint64_t>(n);
            left -= static_cast<uint64_t>(n);
        }
        close(fd);
    });
    return total;
}

double calibrateRead(const std::string& directory) {
    evictPageCache(directory, false);
    const double start = nowSeconds();
    const uint64_t bytes = readFiles(directory);
    return static_cast<double>(bytes) / (nowSeconds() - start) / 1e9;
}

double calibrateSync(const std::string& directory) {
    const std::string path = directory + "/.calibrate";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) fail("calibrate: open");
    std::vector<char> zero(1 << 20);
    if (pwrite(fd, zero.data(), zero.size(), 0) < 0) fail("calibrate: write");
    fsync(fd);
    std::vector<double> times;
    for (int i = 0; i < 150; i++) {
        const double t = nowSeconds();
        if (pwrite(fd, zero.data(), 300, i * 300) != 300) fail("calibrate: write");
        fdatasync(fd);
        times.push_back((nowSeconds() - t) * 1e6);
    }
    close(fd);
    unlink(path.c_str());
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

// --- Process --------------------------------------------------------------------------------

static uint64_t statusField(const char* name) {
    std::ifstream in("/proc/self/status");
    std::string line;
    while (std::getline(in, line)) {
        if (line.compare(0, std::strlen(name), name) == 0) {
            return std::stoull(line.substr(line.find(':') + 1)) * 1024;
        }
    }
    return 0;
}

uint64_t anonymousMemory() { return statusField("RssAnon:"); }

static uint64_t writtenBytes() {
    std::ifstream in("/proc/self/io");
    std::string key;
    uint64_t value = 0;
    while (in >> key >> value) {
        if (key == "write_bytes:") return value;
    }
    return 0;
}

static void cpuTicks(uint64_t* busy, uint64_t* total) {
    std::ifstream in("/proc/stat");
    std::string cpu;
    in >> cpu;
    uint64_t value = 0;
    *busy = *total = 0;
    for (int i = 0; i < 8 && (in >> value); i++) {
        *total += value;
        if (i != 3 && i != 4) *busy += value;  // neither idle nor iowait; steal counts as busy
    }
}

static void ownCpu(double* user, double* system) {
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    *user = static_cast<double>(u.ru_utime.tv_sec) + static_cast<double>(u.ru_utime.tv_usec) / 1e6;
    *system = static_cast<double>(u.ru_stime.tv_sec) + static_cast<double>(u.ru_stime.tv_usec) / 1e6;
}

Meter::Meter() {
    // Resets VmHWM, so that the peak is this phase's own.
    if (FILE* f = std::fopen("/proc/self/clear_refs", "w")) {
        std::fputs("5", f);
        std::fclose(f);
    }
    sampledAnon_ = anonymousMemory();
    sampler_ = std::thread([this] {
        while (running_) {
            sample();
            for (int i = 0; i < 5 && running_; i++) usleep(20'000);
        }
    });
    written0_ = peers::writtenBytes();
    cpuTicks(&busy0_, &total0_);
    ownCpu(&user0_, &system0_);
    start_ = nowSeconds();
}

void Meter::sample() {
    const uint64_t a = anonymousMemory();
    if (a > sampledAnon_) sampledAnon_ = a;
}

void Meter::stop() {
    if (!running_) return;
    wall = nowSeconds() - start_;
    double user = 0, system = 0;
    ownCpu(&user, &system);
    cpuUser = user - user0_;
    cpuSystem = system - system0_;
    uint64_t busy = 0, total = 0;
    cpuTicks(&busy, &total);
    if (total > total0_) {
        // Ticks are 10 ms; other CPUs' worth of ticks are in total already.
        const double own = (cpuUser + cpuSystem) * static_cast<double>(sysconf(_SC_CLK_TCK));
        othersShare = std::max(0.0, static_cast<double>(busy - busy0_) - own) /
                      static_cast<double>(total - total0_);
    }
    running_ = false;
    sampler_.join();
    sample();
    peakAnon = sampledAnon_;
    endAnon = anonymousMemory();
    peakRss = statusField("VmHWM:");
    writtenBytes = peers::writtenBytes() - written0_;
}

Meter::~Meter() { stop(); }

// --- JSON -----------------------------------------------------------------------------------

void JsonLine::key(const char* k) {
    line_ += line_.empty() ? "{" : ",";
    line_ += '"';
    line_ += k;
    line_ += "\":";
}

JsonLine& JsonLine::text(const char* k, std::string_view value) {
    key(k);
    line_ += '"';
    for (char c : value) {
        if (c == '"' || c == '\\') line_ += '\\';
        line_ += c < ' ' ? ' ' : c;
    }
    line_ += '"';
    return *this;
}

JsonLine& JsonLine::number(const char* k, double value) {
    key(k);
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, std::isfinite(value) ? "%.6g" : "null", value);
    line_ += buffer;
    return *this;
}

JsonLine& JsonLine::integer(const char* k, uint64_t value) {
    key(k);
    line_ += std::to_string(value);
    return *this;
}

JsonLine& JsonLine::meter(const Meter& m) {
    return number("seconds", m.wall)
        .number("cpu_user_s", m.cpuUser)
        .number("cpu_sys_s", m.cpuSystem)
        .number("others_cpu", m.othersShare)
        .number("peak_rss_mb", static_cast<double>(m.peakRss) / 1e6)
        .number("peak_anon_mb", static_cast<double>(m.peakAnon) / 1e6)
        .number("written_mb", static_cast<double>(m.writtenBytes) / 1e6);
}

JsonLine& JsonLine::latency(const Histogram& h) {
    return number("p50_us", h.percentileMicros(50))
        .number("p99_us", h.percentileMicros(99))
        .number("p999_us", h.percentileMicros(99.9))
        .number("max_us", h.maxMicros());
}

void JsonLine::print(FILE* out) const {
    std::fprintf(out, "%s}\n", line_.c_str());
    std::fflush(out);
}

}  // namespace peers
