// Note 2, written down by someone who counts: the second yardstick of the benchmark.
//
// usage: note2_sharp ALPHA PERIOD_US N_PULSES SEED
// prints: excitons created, sum of r^2 at 1 ns, excitons at 1 ns, processor seconds
//
// As note2.cpp, but only sites that the spot can excite draw for it, only modified sites draw for
// relaxation, from a list, and the numbers come from xoshiro256+ (Blackman and Vigna, 2021).
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

constexpr int size = 1000;
constexpr int centre = 500;
constexpr double sigma = 10.62, tau_relax_us = 8.1;
constexpr double p_ground = 0.006, p_modified = 0.7, p_decay = 4e-4;
constexpr double p_negligible = 1e-15;

struct Xoshiro256Plus {
    std::uint64_t s[4];
    explicit Xoshiro256Plus(std::uint64_t seed) {
        for (auto &word : s) {  // splitmix64
            std::uint64_t z = (seed += 0x9e3779b97f4a7c15);
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            word = z ^ (z >> 31);
        }
    }
    double operator()() {
        const std::uint64_t value = s[0] + s[3], shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = (s[3] << 45) | (s[3] >> 19);
        return (value >> 11) * 0x1.0p-53;
    }
};

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    const double alpha = std::atof(argv[1]), period_us = std::atof(argv[2]);
    const int n_pulses = std::atoi(argv[3]);
    const double p_relax = 1 - std::exp(-period_us / tau_relax_us);
    Xoshiro256Plus uniform(std::atoll(argv[4]));

    struct Bright {
        int site;
        double p;
    };
    std::vector<Bright> window;
    for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) {
            const double r2 = double(x - centre) * (x - centre) + double(y - centre) * (y - centre);
            const double p = alpha * std::exp(-r2 / (2 * sigma * sigma));
            if (p >= p_negligible) window.push_back({y * size + x, p});
        }
    std::vector<char> modified(size * size, 0), occupied(size * size, 0);
    std::vector<int> excitons, modified_sites;
    const int offsets[4] = {1, -1, size, -size};
    long long created = 0, alive_1ns = 0;
    double r2_1ns = 0;
    auto arrive = [&](int site) {
        occupied[site] = 1;
        if (!modified[site]) {
            modified[site] = 1;
            modified_sites.push_back(site);
        }
    };

    const std::clock_t start = std::clock();
    for (int pulse = 0; pulse < n_pulses; ++pulse) {
        for (const Bright &bright : window)
            if (uniform() < bright.p) {
                excitons.push_back(bright.site);
                arrive(bright.site);
            }
        created += excitons.size();
        for (int step = 0; !excitons.empty(); ++step) {
            if (step == 1000) {
                alive_1ns += excitons.size();
                for (int site : excitons) {
                    const double x = site % size - centre, y = site / size - centre;
                    r2_1ns += x * x + y * y;
                }
            }
            for (std::size_t i = 0; i < excitons.size();) {
                const int here = excitons[i];
                const int there = here + offsets[int(4 * uniform())];
                const double p = occupied[there] ? 0 : modified[there] ? p_modified : p_ground;
                if (uniform() < p) {
                    occupied[here] = 0;
                    arrive(there);
                    excitons[i] = there;
                }
                if (uniform() < p_decay) {
                    occupied[excitons[i]] = 0;
                    excitons[i] = excitons.back();
                    excitons.pop_back();
                } else {
                    ++i;
                }
            }
        }
        for (std::size_t i = 0; i < modified_sites.size();)
            if (uniform() < p_relax) {
                modified[modified_sites[i]] = 0;
                modified_sites[i] = modified_sites.back();
                modified_sites.pop_back();
            } else {
                ++i;
            }
    }
    const double elapsed = double(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("%lld %.17g %lld %.6f\n", created, r2_1ns, alive_1ns, elapsed);
}
