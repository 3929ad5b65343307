// Note 2, written down plainly: the yardstick of the benchmark.
//
// usage: note2 ALPHA PERIOD_US N_PULSES SEED
// prints: excitons created, sum of r^2 at 1 ns, excitons at 1 ns, processor seconds
//
// Every site draws for its excitation at every pulse; every attempt draws a direction and an
// acceptance; every step draws for decay; after a pulse all sites are swept for relaxation.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

constexpr int size = 1000;
constexpr int centre = 500;
constexpr double sigma = 10.62, tau_relax_us = 8.1;
constexpr double p_ground = 0.006, p_modified = 0.7, p_decay = 4e-4;

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    const double alpha = std::atof(argv[1]), period_us = std::atof(argv[2]);
    const int n_pulses = std::atoi(argv[3]);
    std::mt19937_64 generator(std::atoll(argv[4]));
    auto uniform = [&] { return (generator() >> 11) * 0x1.0p-53; };

    std::vector<double> excitation(size * size);
    for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) {
            const double r2 = double(x - centre) * (x - centre) + double(y - centre) * (y - centre);
            excitation[y * size + x] = alpha * std::exp(-r2 / (2 * sigma * sigma));
        }
    std::vector<char> modified(size * size, 0), occupied(size * size, 0);
    std::vector<int> excitons;
    const int offsets[4] = {1, -1, size, -size};
    long long created = 0, alive_1ns = 0;
    double r2_1ns = 0;

    const std::clock_t start = std::clock();
    for (int pulse = 0; pulse < n_pulses; ++pulse) {
        for (int site = 0; site < size * size; ++site)
            if (uniform() < excitation[site]) {
                excitons.push_back(site);
                occupied[site] = modified[site] = 1;
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
                    occupied[there] = modified[there] = 1;
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
        for (int site = 0; site < size * size; ++site)
            if (modified[site] && -tau_relax_us * std::log(1 - uniform()) <= period_us)
                modified[site] = 0;
    }
    const double elapsed = double(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("%lld %.17g %lld %.6f\n", created, r2_1ns, alive_1ns, elapsed);
}
