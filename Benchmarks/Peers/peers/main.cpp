// peerbench: runs one phase of the event-store workload on one peer, prints one JSON line.
//
//   peerbench --peer rocksdb --dir DIR --phase append --events 2000000 --payload 256 …
//
// Phases (each a process of its own, so that memory and caches are its own):
//   digest      a number over the first --events events, to compare with the other program's
//   check       semantics of the peer against a model in memory
//   append      a new store; single events, or --batch to one aggregate; nosync
//   durable     appends synced one by one, --threads writers, --grouped 1 = harness's group commit
//   open        clean reopen: time to open and to the first append
//   kill9       a child appends (nosync) and is killed with SIGKILL; reopen, verify, time
//   load        random aggregates, whole (--tail 0) or the last --tail events
//   replay      scan from 0, summing all payload bytes
//   snapshot    put and get of 4 KiB states
//   concurrent  one writer (nosync) beside one replaying reader
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include "group.h"
#include "util.h"
#include "workload.h"

namespace peers {
namespace {

struct Arguments {
    std::string peer, dir = "peers-data", phase = "check", dist = "uniform", label, evict = "none";
    uint64_t events = 2'000'000, seed = 1, batch = 1, ops = 100'000, tail = 0, run = 0;
    uint32_t aggregates = 100'000;
    size_t payload = 256;
    int threads = 1, repeat = 3;
    bool grouped = false, durable = false;
    double seconds = 60;
    std::map<std::string, std::string> tuning;

    static Arguments parse(int argc, char** argv) {
        Arguments a;
        for (int i = 1; i < argc; i++) {
            const std::string name = argv[i];
            if (i + 1 >= argc) fail("no value for " + name);
            const std::string value = argv[++i];
            if (name == "--peer") a.peer = value;
            else if (name == "--dir") a.dir = value;
            else if (name == "--phase") a.phase = value;
            else if (name == "--dist") a.dist = value;
            else if (name == "--label") a.label = value;
            else if (name == "--evict") a.evict = value;
            else if (name == "--events") a.events = std::stoull(value);
            else if (name == "--seed") a.seed = std::stoull(value);
            else if (name == "--batch") a.batch = std::stoull(value);
            else if (name == "--ops") a.ops = std::stoull(value);
            else if (name == "--tail") a.tail = std::stoull(value);
            else if (name == "--run") a.run = std::stoull(value);
            else if (name == "--aggregates") a.aggregates = static_cast<uint32_t>(std::stoul(value));
            else if (name == "--payload") a.payload = std::stoull(value);
            else if (name == "--threads") a.threads = std::stoi(value);
            else if (name == "--repeat") a.repeat = std::stoi(value);
            else if (name == "--grouped") a.grouped = value == "1";
            else if (name == "--durable") a.durable = value == "1";
            else if (name == "--seconds") a.seconds = std::stod(value);
            else if (name == "--set") {
                const size_t eq = value.find('=');
                if (eq == std::string::npos) fail("--set key=value");
                a.tuning[value.substr(0, eq)] = value.substr(eq + 1);
            } else fail("unknown argument " + name);
        }
        return a;
    }
};

std::unique_ptr<EventStore> make(const std::string& peer) {
    if (peer == "raw") return makeRaw();
    if (peer == "rocksdb") return makeRocksDB();
    if (peer == "lmdb") return makeLMDB();
    if (peer == "leveldb") return makeLevelDB();
    if (peer == "sqlite") return makeSQLite();
    fail("unknown peer " + peer);
}

// One bench run: the arguments, the workload, the store, and what it must contain.
class Bench {
public:
    explicit Bench(Arguments arguments)
        : a_(std::move(arguments)),
          workload_(a_.aggregates, a_.payload, a_.dist == "zipf", a_.seed),
          versions_(a_.aggregates) {
        config_.directory = a_.dir + "/store";
        config_.tuning = a_.tuning;
        config_.durability = a_.durable ? Durability::disk : Durability::os;
    }

    void run() {
        if (a_.phase == "check") checkSemantics();
        else if (a_.phase == "append") append();
        else if (a_.phase == "durable") durable();
        else if (a_.phase == "open") openCold();
        else if (a_.phase == "kill9") kill9();
        else if (a_.phase == "load") load();
        else if (a_.phase == "replay") replay();
        else if (a_.phase == "snapshot") snapshot();
        else if (a_.phase == "concurrent") concurrent();
        else if (a_.phase == "digest") digest();
        else fail("unknown phase " + a_.phase);
    }

private:
    // --- The expected contents, kept beside the store between phases ---------------------

    void fresh() {
        removeTree(a_.dir);
        makeDirectories();
    }
    void makeDirectories() {
        mkdir(a_.dir.c_str(), 0755);
        mkdir(config_.directory.c_str(), 0755);
    }
    void loadMeta() {
        std::ifstream in(a_.dir + "/meta", std::ios::binary);
        if (!in) fail("no store in " + a_.dir + ": run the append phase first");
        in.read(reinterpret_cast<char*>(&events_), 8);
        in.read(reinterpret_cast<char*>(&sum_), 8);
        in.read(reinterpret_cast<char*>(versions_.data()),
                static_cast<std::streamsize>(versions_.size() * 8));
        if (!in) fail("meta does not fit these arguments");
    }
    void saveMeta() {
        std::ofstream out(a_.dir + "/meta", std::ios::binary);
        out.write(reinterpret_cast<const char*>(&events_), 8);
        out.write(reinterpret_cast<const char*>(&sum_), 8);
        out.write(reinterpret_cast<const char*>(versions_.data()),
                  static_cast<std::streamsize>(versions_.size() * 8));
    }

    void open() {
        store_ = make(a_.peer);
        store_->open(config_);
    }
    void evict() {
        if (a_.evict != "none") evictPageCache(a_.dir, a_.evict == "global");
    }
    bool cold() const { return a_.evict != "none"; }

    JsonLine line(const char* phase) {
        JsonLine j;
        j.text("peer", a_.peer).text("label", a_.label).text("phase", phase);
        j.integer("payload", a_.payload).text("dist", a_.dist).integer("run", a_.run);
        std::string set;
        for (const auto& [k, v] : a_.tuning) set += (set.empty() ? "" : " ") + k + "=" + v;
        j.text("set", set);
        return j;
    }

    // Appends one request to `aggregate` and accounts for it.
    void appendChecked(uint32_t aggregate, uint64_t count, std::vector<NewEvent>& events) {
        events.clear();
        for (uint64_t i = 0; i < count; i++) {
            events.push_back(workload_.event(events_ + i));
            sum_ += workload_.eventSum(events_ + i);
        }
        AppendRequest q;
        q.aggregate = workload_.id(aggregate);
        q.expectedVersion = versions_[aggregate];
        q.events = events.data();
        q.count = count;
        store_->append(&q, 1);
        if (!q.accepted || q.firstPosition != events_ + 1) fail("append refused or misplaced");
        versions_[aggregate] += count;
        events_ += count;
    }

    // A stale writer must be refused.
    void appendStale(uint32_t aggregate) {
        const NewEvent e = workload_.event(0);
        AppendRequest q;
        q.aggregate = workload_.id(aggregate);
        q.expectedVersion = versions_[aggregate] + 1;
        q.events = &e;
        q.count = 1;
        store_->append(&q, 1);
        if (q.accepted) fail("a stale append was accepted");
    }

    // --- Phases --------------------------------------------------------------------------

    void digest() {
        JsonLine j = line("digest");
        char text[20];
        std::snprintf(text, sizeof text, "%llx",
                      static_cast<unsigned long long>(workload_.digest(a_.events, a_.seed)));
        j.integer("events", a_.events).text("digest", text).print(stdout);
    }

    void append() {
        fresh();
        // The choice of aggregates is made before the clock starts.
        Random random(a_.seed);
        std::vector<uint32_t> picks(a_.events / a_.batch);
        for (auto& p : picks) p = workload_.pick(random);
        std::vector<NewEvent> events;
        events.reserve(a_.batch);
        const uint64_t before = anonymousMemory();
        sync();
        open();

        Histogram latency;
        Meter meter;
        const double end = nowSeconds() + a_.seconds;
        uint64_t done = 0;
        for (uint32_t p : picks) {
            if (done % 4096 == 0) {
                appendStale(p);
                if (nowSeconds() > end) break;
            }
            if (done % 16 == 0) {
                const uint64_t t = nowNanos();
                appendChecked(p, a_.batch, events);
                latency.add(nowNanos() - t);
            } else {
                appendChecked(p, a_.batch, events);
            }
            done++;
        }
        meter.stop();
        const uint64_t memory = meter.endAnon > before ? meter.endAnon - before : 0;

        const double t0 = nowSeconds();
        store_->settle();
        const double t1 = nowSeconds();
        store_->close();
        const double t2 = nowSeconds();
        saveMeta();
        const DiskUsage disk = diskUsage(config_.directory);
        const double n = static_cast<double>(events_);
        JsonLine j = line(a_.batch == 1 ? "append1" : "append-batch");
        j.integer("events", events_).integer("batch", a_.batch).number("events_per_s", n / meter.wall);
        j.number("mb_per_s", n * static_cast<double>(a_.payload) / meter.wall / 1e6);
        j.number("cpu_us_per_event", (meter.cpuUser + meter.cpuSystem) / n * 1e6);
        j.number("settle_s", t1 - t0).number("close_s", t2 - t1);
        j.number("disk_bytes_per_event", static_cast<double>(disk.allocated) / n);
        j.number("ram_bytes_per_event", static_cast<double>(memory) / n);
        j.latency(latency).meter(meter).print(stdout);
    }

    void durable() {
        config_.durability = Durability::disk;
        loadMeta();
        sync();  // what earlier phases left unwritten is not this one's cost
        open();
        const uint64_t before = events_;
        double calibration = calibrateSync(a_.dir);

        GroupCommitter group(*store_);
        std::mutex one;  // for peers that take one appender at a time
        const bool direct = store_->concurrentAppends() || a_.threads == 1;
        std::vector<Histogram> latencies(static_cast<size_t>(a_.threads));
        std::vector<uint64_t> counts(static_cast<size_t>(a_.threads)),
            sums(static_cast<size_t>(a_.threads));
        std::vector<std::string> errors(static_cast<size_t>(a_.threads));
        Meter meter;
        const double end = nowSeconds() + a_.seconds;
        std::vector<std::thread> writers;
        for (int t = 0; t < a_.threads; t++) {
            writers.emplace_back([&, t, i = static_cast<size_t>(t)] {
                try {
                    Random random(a_.seed + 1000 + i);
                    while (nowSeconds() < end && counts[i] < a_.events) {
                        // Each writer has its own aggregates: it is the optimistic check that is
                        // measured, not made-up conflicts.
                        uint32_t p = workload_.pick(random);
                        p -= p % static_cast<uint32_t>(a_.threads);
                        p += static_cast<uint32_t>(t);
                        if (p >= a_.aggregates) continue;
                        const uint64_t n = before + counts[i] * static_cast<uint64_t>(a_.threads) + i;
                        const NewEvent e = workload_.event(n);
                        AppendRequest q;
                        q.aggregate = workload_.id(p);
                        q.expectedVersion = versions_[p];
                        q.events = &e;
                        q.count = 1;
                        const uint64_t t0 = nowNanos();
                        if (a_.grouped) {
                            group.append(q);
                        } else if (direct) {
                            store_->append(&q, 1);
                        } else {
                            std::lock_guard<std::mutex> lock(one);
                            store_->append(&q, 1);
                        }
                        latencies[i].add(nowNanos() - t0);
                        if (!q.accepted) fail("append refused");
                        versions_[p]++;
                        counts[i]++;
                        sums[i] += workload_.eventSum(n);
                    }
                } catch (const std::exception& e) {
                    errors[i] = e.what();
                }
            });
        }
        for (auto& w : writers) w.join();
        meter.stop();
        for (const auto& e : errors) {
            if (!e.empty()) fail(e);
        }
        calibration = (calibration + calibrateSync(a_.dir)) / 2;
        Histogram latency;
        uint64_t done = 0;
        for (size_t i = 0; i < counts.size(); i++) {
            done += counts[i];
            sum_ += sums[i];
            latency.merge(latencies[i]);
        }
        events_ += done;
        if (store_->head() != events_) fail("positions do not match the events");
        store_->close();
        saveMeta();
        const double rate = static_cast<double>(done) / meter.wall;
        JsonLine j = line("durable");
        j.integer("threads", static_cast<uint64_t>(a_.threads)).text("mode", a_.grouped ? "grouped" : "native");
        j.integer("events", done).number("events_per_s", rate);
        j.number("calib_sync_us", calibration).number("per_calib_sync", rate * calibration / 1e6);
        j.number("cpu_us_per_event", (meter.cpuUser + meter.cpuSystem) / static_cast<double>(done) * 1e6);
        if (a_.grouped) {
            j.number("group_size", static_cast<double>(done) / static_cast<double>(group.commits()));
        }
        j.latency(latency).meter(meter).print(stdout);
    }

    void openCold() {
        loadMeta();
        std::vector<NewEvent> events;
        evict();
        Meter meter;
        const double t0 = nowSeconds();
        open();
        const double t1 = nowSeconds();
        appendChecked(7 % a_.aggregates, 1, events);
        const double t2 = nowSeconds();
        uint64_t n = 0;
        auto count = [&](const EventView&) { n++; return true; };
        store_->readAggregate(workload_.id(7 % a_.aggregates), 1, visitor(count));
        const double t3 = nowSeconds();
        meter.stop();
        if (n != versions_[7 % a_.aggregates]) fail("wrong number of events after open");
        store_->close();
        saveMeta();
        JsonLine j = line(cold() ? "open-cold" : "open-warm");
        j.integer("events", events_).number("open_ms", (t1 - t0) * 1e3);
        j.number("first_append_ms", (t2 - t0) * 1e3).number("first_load_ms", (t3 - t0) * 1e3);
        j.meter(meter).print(stdout);
    }

    void kill9() {
        loadMeta();
        auto* acknowledged = static_cast<std::atomic<uint64_t>*>(mmap(
            nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        const uint64_t before = events_;
        acknowledged->store(events_);
        const pid_t child = fork();
        if (child == 0) {
            try {
                open();
                std::vector<NewEvent> events;
                Random random(a_.seed + 77);
                for (;;) {
                    appendChecked(workload_.pick(random), 1, events);
                    acknowledged->store(events_);
                }
            } catch (const std::exception& e) {
                std::fprintf(stderr, "child: %s\n", e.what());
                _exit(1);
            }
        }
        const double deadline = nowSeconds() + a_.seconds;
        int status = 0;
        while (acknowledged->load() < before + a_.events && nowSeconds() < deadline) {
            if (waitpid(child, &status, WNOHANG) == child) fail("child died early");
            usleep(500);
        }
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        const uint64_t promised = acknowledged->load();

        // Replays what the child did, to know what must be there.
        evict();
        Meter meter;
        const double t0 = nowSeconds();
        open();
        const double t1 = nowSeconds();
        const uint64_t head = store_->head();
        if (head < promised) {
            fail("lost acknowledged events: " + std::to_string(promised - head));
        }
        Random random(a_.seed + 77);
        for (uint64_t n = before; n < head; n++) {
            versions_[workload_.pick(random)]++;
            sum_ += workload_.eventSum(n);
        }
        events_ = head;
        const double t2 = nowSeconds();
        std::vector<NewEvent> events;
        appendChecked(7 % a_.aggregates, 1, events);
        const double t3 = nowSeconds();
        meter.stop();
        uint64_t position = before, wrong = 0;
        auto look = [&](const EventView& e) {
            if (e.position != ++position || (e.position <= head && e.timestamp != workload_.event(e.position - 1).timestamp)) wrong++;
            return true;
        };
        store_->readAll(before + 1, UINT64_MAX, visitor(look));
        if (position != head + 1 || wrong != 0) fail("wrong events after kill -9");
        for (uint32_t i = 0; i < a_.aggregates; i += 97) {
            if (store_->version(workload_.id(i)) != versions_[i]) fail("wrong version after kill -9");
        }
        store_->close();
        saveMeta();
        JsonLine j = line("kill9");
        j.integer("events", head - before).integer("total_events", events_);
        j.number("open_ms", (t1 - t0) * 1e3).number("first_append_ms", (t1 - t0 + t3 - t2) * 1e3);
        j.integer("lost", 0).meter(meter).print(stdout);
    }

    void load() {
        loadMeta();
        evict();
        open();
        Random random(a_.seed + 5);
        Histogram latency;
        uint64_t sum = 0, loaded = 0, ops = 0;
        auto add = [&](const EventView& e) {
            sum += sumBytes(e.payload);
            return true;
        };
        auto one = [&] {
            const uint32_t p = workload_.pick(random);
            const uint64_t v = versions_[p];
            const uint64_t from = a_.tail != 0 && v > a_.tail ? v - a_.tail + 1 : 1;
            const uint64_t t = nowNanos();
            const uint64_t n = store_->readAggregate(workload_.id(p), from, visitor(add));
            latency.add(nowNanos() - t);
            if (n != v - from + 1) fail("wrong number of events loaded");
            loaded += n;
            ops++;
        };
        if (!cold()) {  // everything into the caches
            uint64_t n = 0;
            auto count = [&](const EventView& e) { n += sumBytes(e.payload) & 1; return true; };
            store_->readAll(1, UINT64_MAX, visitor(count));
            for (uint64_t i = 0; i < a_.ops / 2; i++) one();
            latency = Histogram();
            loaded = ops = 0;
        }
        Meter meter;
        const double end = nowSeconds() + a_.seconds;
        while (ops < a_.ops && nowSeconds() < end) one();
        meter.stop();
        const double n = static_cast<double>(ops);
        JsonLine j = line(cold() ? "load-cold" : "load-warm");
        j.integer("ops", ops).number("events_per_op", static_cast<double>(loaded) / n);
        j.number("ops_per_s", n / meter.wall).number("events_per_s", static_cast<double>(loaded) / meter.wall);
        j.number("cpu_us_per_op", (meter.cpuUser + meter.cpuSystem) / n * 1e6);
        j.integer("check", sum & 0xFFFF).latency(latency).meter(meter).print(stdout);
        store_->close();
    }

    void replay() {
        loadMeta();
        double disk = 0;
        if (cold()) {
            // Before the store is mapped: what is mapped cannot be evicted.
            disk = calibrateRead(config_.directory);
            evict();
        } else {
            readFiles(config_.directory);
        }
        open();
        for (int i = 0; i < (cold() ? 1 : a_.repeat + 1); i++) {
            uint64_t sum = 0, bytes = 0, next = 1;
            bool ordered = true;
            auto add = [&](const EventView& e) {
                sum += sumBytes(e.payload);
                bytes += e.payload.size();
                ordered &= e.position == next++;
                return true;
            };
            Meter meter;
            const uint64_t n = store_->readAll(1, UINT64_MAX, visitor(add));
            meter.stop();
            if (n != events_ || sum != sum_ || !ordered) fail("replay does not match what was appended");
            // The first pass maps the files, and checks what the store checks once.
            JsonLine j = line(cold() ? "replay-cold" : i == 0 ? "replay-first" : "replay-warm");
            j.integer("events", n).number("events_per_s", static_cast<double>(n) / meter.wall);
            j.number("payload_gb_per_s", static_cast<double>(bytes) / meter.wall / 1e9);
            j.number("cpu_us_per_event", (meter.cpuUser + meter.cpuSystem) / static_cast<double>(n) * 1e6);
            if (cold()) {
                j.number("disk_read_gb_per_s", disk);
                j.number("payload_share_of_disk",
                         static_cast<double>(bytes) / meter.wall / 1e9 / disk);
            }
            j.meter(meter).print(stdout);
        }
        store_->close();
    }

    void snapshot() {
        loadMeta();
        open();
        Random random(a_.seed + 9);
        std::vector<std::string> states;
        for (int i = 0; i < 512; i++) states.push_back(Workload::json(4096, random));
        const uint32_t different = std::min<uint32_t>(a_.aggregates, 20'000);
        const uint64_t puts = a_.ops / 2, gets = a_.ops;
        std::vector<uint32_t> last(different, UINT32_MAX);
        sync();
        const uint64_t before = diskUsage(config_.directory).allocated;
        Histogram putLatency, getLatency;
        {
            Meter meter;
            for (uint64_t i = 0; i < puts; i++) {
                const auto p = static_cast<uint32_t>(random.below(different));
                const auto s = static_cast<uint32_t>(random.below(states.size()));
                const uint64_t t = nowNanos();
                store_->putSnapshot(workload_.id(p), i + 1, states[s]);
                putLatency.add(nowNanos() - t);
                last[p] = s;
            }
            meter.stop();
            JsonLine j = line("snapshot-put");
            store_->settle();
            sync();  // where blocks are assigned late
            const uint64_t after = diskUsage(config_.directory).allocated;
            j.integer("ops", puts).number("ops_per_s", static_cast<double>(puts) / meter.wall);
            j.number("cpu_us_per_op",
                     (meter.cpuUser + meter.cpuSystem) / static_cast<double>(puts) * 1e6);
            j.number("disk_bytes_per_put",
                     (static_cast<double>(after) - static_cast<double>(before)) /
                         static_cast<double>(puts));
            j.latency(putLatency).meter(meter).print(stdout);
        }
        {
            Meter meter;
            std::string state;
            uint64_t version = 0, found = 0;
            for (uint64_t i = 0; i < gets; i++) {
                const auto p = static_cast<uint32_t>(random.below(different));
                const uint64_t t = nowNanos();
                const bool there = store_->getSnapshot(workload_.id(p), &version, &state);
                getLatency.add(nowNanos() - t);
                if (there != (last[p] != UINT32_MAX)) fail("snapshot missing");
                if (there && (i % 64 == 0) && state != states[last[p]]) fail("wrong snapshot");
                found += there;
            }
            meter.stop();
            JsonLine j = line("snapshot-get");
            j.integer("ops", gets).integer("found", found);
            j.number("ops_per_s", static_cast<double>(gets) / meter.wall);
            j.number("cpu_us_per_op",
                     (meter.cpuUser + meter.cpuSystem) / static_cast<double>(gets) * 1e6);
            j.latency(getLatency).meter(meter).print(stdout);
        }
        store_->close();
    }

    void concurrent() {
        loadMeta();
        open();
        std::atomic<bool> stop{false};
        std::atomic<uint64_t> read{0}, readBytes{0};
        std::string error;
        const uint64_t before = events_;
        Meter meter;
        std::thread reader([&] {
            try {
                uint64_t from = 1, sum = 0;
                auto add = [&](const EventView& e) {
                    if (e.position != from) fail("reader saw a gap");
                    from++;
                    sum += sumBytes(e.payload);
                    readBytes.fetch_add(e.payload.size(), std::memory_order_relaxed);
                    return true;
                };
                while (!stop) {
                    const uint64_t n = store_->readAll(from, 4096, visitor(add));
                    read += n;
                    if (n == 0) from = 1;  // at the end: start over
                }
                if (sum == 42) std::fprintf(stderr, "unlikely\n");
            } catch (const std::exception& e) {
                error = e.what();
            }
        });
        Random random(a_.seed + 13);
        std::vector<NewEvent> events;
        const double end = nowSeconds() + a_.seconds;
        while (nowSeconds() < end) appendChecked(workload_.pick(random), 1, events);
        stop = true;
        reader.join();
        meter.stop();
        if (!error.empty()) fail(error);
        store_->close();
        saveMeta();
        JsonLine j = line("concurrent");
        j.number("append_per_s", static_cast<double>(events_ - before) / meter.wall);
        j.number("replay_per_s", static_cast<double>(read) / meter.wall);
        j.number("replay_gb_per_s", static_cast<double>(readBytes) / meter.wall / 1e9);
        j.meter(meter).print(stdout);
    }

    // --- Semantics -----------------------------------------------------------------------

    struct Recorded {
        uint32_t aggregate;
        uint64_t version, n;
    };

    void verify(const std::vector<Recorded>& model) {
        size_t at = 0;
        auto whole = [&](const EventView& e) {
            if (at >= model.size()) fail("check: too many events");
            const Recorded& m = model[at++];
            const NewEvent w = workload_.event(m.n);
            if (e.position != at || e.aggregate != workload_.id(m.aggregate) ||
                e.version != m.version || e.type != w.type || e.timestamp != w.timestamp ||
                e.payload != w.payload) {
                fail("check: event " + std::to_string(at) + " differs");
            }
            return true;
        };
        if (store_->readAll(1, UINT64_MAX, visitor(whole)) != model.size() || at != model.size()) {
            fail("check: wrong number of events");
        }
        at = model.size() / 2;
        if (store_->readAll(at + 1, 10, visitor(whole)) != 10) fail("check: limit");
        for (uint32_t p = 0; p < a_.aggregates; p += 7) {
            if (store_->version(workload_.id(p)) != versions_[p]) fail("check: version");
            for (uint64_t from : {uint64_t{1}, versions_[p] / 2 + 1, versions_[p] + 1}) {
                uint64_t expect = from;
                auto mine = [&](const EventView& e) {
                    if (e.version != expect++ || e.aggregate != workload_.id(p)) fail("check: stream");
                    if (model[e.position - 1].version != e.version ||
                        e.payload != workload_.event(model[e.position - 1].n).payload) {
                        fail("check: stream event");
                    }
                    return true;
                };
                const uint64_t n = store_->readAggregate(workload_.id(p), from, visitor(mine));
                if (n != versions_[p] + 1 - from) fail("check: stream length");
            }
        }
    }

    void checkSemantics() {
        fresh();
        open();
        Random random(a_.seed);
        std::vector<Recorded> model;
        std::vector<NewEvent> events;
        for (uint64_t i = 0; i < a_.events; i++) {
            const uint32_t p = workload_.pick(random);
            if (random.below(10) == 0) appendStale(p);
            const uint64_t count = random.below(4) == 0 ? 1 + random.below(5) : 1;
            for (uint64_t k = 0; k < count; k++) {
                model.push_back({p, versions_[p] + 1 + k, events_ + k});
            }
            appendChecked(p, count, events);
        }
        // Several requests in one commit; the third is stale because of the first, and must
        // not take the others with it.
        for (int round = 0; round < 20; round++) {
            const auto p = static_cast<uint32_t>(random.below(a_.aggregates - 1));
            const NewEvent e[3] = {workload_.event(events_), workload_.event(events_ + 1),
                                   workload_.event(events_ + 1)};
            AppendRequest q[3];
            q[0] = {workload_.id(p), versions_[p], &e[0], 1, false, 0};
            q[1] = {workload_.id(p), versions_[p], &e[2], 1, false, 0};
            q[2] = {workload_.id(p + 1), versions_[p + 1], &e[1], 1, false, 0};
            store_->append(q, 3);
            if (!q[0].accepted || q[1].accepted || !q[2].accepted) fail("check: group");
            if (q[0].firstPosition != events_ + 1 || q[2].firstPosition != events_ + 2) {
                fail("check: group positions");
            }
            model.push_back({p, ++versions_[p], events_});
            model.push_back({p + 1, ++versions_[p + 1], events_ + 1});
            events_ += 2;
        }
        std::string state;
        uint64_t version = 0;
        if (store_->getSnapshot(workload_.id(1), &version, &state)) fail("check: no snapshot yet");
        store_->putSnapshot(workload_.id(1), 3, "three");
        store_->putSnapshot(workload_.id(2), 1, "one");
        store_->putSnapshot(workload_.id(1), 4, std::string(5000, 'x'));
        verify(model);
        for (int reopened = 0; reopened < 2; reopened++) {
            if (!store_->getSnapshot(workload_.id(1), &version, &state) || version != 4 ||
                state != std::string(5000, 'x')) {
                fail("check: snapshot");
            }
            if (!store_->getSnapshot(workload_.id(2), &version, &state) || state != "one") {
                fail("check: snapshot 2");
            }
            store_->settle();
            store_->close();
            open();
            verify(model);
            if (store_->head() != events_) fail("check: head");
            appendStale(3);
            model.push_back({3, versions_[3] + 1, events_});
            appendChecked(3, 1, events);
            verify(model);
        }
        store_->close();
        JsonLine j = line("check");
        j.text("result", "ok").integer("events", events_).print(stdout);
    }

    Arguments a_;
    Workload workload_;
    Config config_;
    std::unique_ptr<EventStore> store_;
    std::vector<uint64_t> versions_;
    uint64_t events_ = 0, sum_ = 0;
};

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
    try {
        peers::Bench(peers::Arguments::parse(argc, argv)).run();
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "peerbench: %s\n", e.what());
        return 1;
    }
}
