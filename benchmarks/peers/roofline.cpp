//===- roofline.cpp - what one core can do at most, for protocol.py -------===//
//
// Variants: multiply-adds in f32, bf16 (summed in f32) and i8 (summed in i32)
// from registers with the widest instructions there are, and bytes read from
// memory. Each reports `amount`, the multiply-adds or bytes of a call.
//
//===----------------------------------------------------------------------===//

#include <nlohmann/json.hpp>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

using json = nlohmann::json;

namespace {
// Enough independent sums to hide the latency of two units.
constexpr int Sums = 12;
constexpr int64_t Steps = 200000;
constexpr size_t ReadBytes = size_t(256) << 20;

/// Keeps `value` in a register and unknown.
template <typename T> void hide(T &value) {
#ifdef __x86_64__
  asm volatile("" : "+x"(value));
#else
  asm volatile("" : "+w"(value));
#endif
}

/// Runs `step` on `Sums` sums; the multiply-adds that it did, `each` per step.
template <typename Vector, typename Step> double run(int each, Step step) {
  Vector sums[Sums] = {}, a = {}, b = {};
  hide(a);
  hide(b);
  for (int64_t i = 0; i < Steps; ++i) {
#pragma clang loop unroll(full)
    for (int s = 0; s < Sums; ++s) {
      sums[s] = step(sums[s], a, b);
      hide(sums[s]);
    }
  }
  return double(Steps) * Sums * each;
}

#if defined(__AVX512F__)
using Floats = __m512;
Floats fma(Floats c, Floats a, Floats b) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__FMA__)
using Floats = __m256;
Floats fma(Floats c, Floats a, Floats b) { return _mm256_fmadd_ps(a, b, c); }
#else
using Floats = float __attribute__((vector_size(16)));
Floats fma(Floats c, Floats a, Floats b) { return a * b + c; }
#endif
constexpr int Lanes = sizeof(Floats) / 4;

double runF32() { return run<Floats>(Lanes, fma); }

double runBF16() {
#ifdef __AVX512BF16__
  return run<__m512>(2 * Lanes, [](__m512 c, __m512 a, __m512 b) {
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
  });
#else
  return runF32();
#endif
}

double runI8() {
#ifdef __AVX512VNNI__
  return run<__m512i>(4 * Lanes, [](__m512i c, __m512i a, __m512i b) {
    return _mm512_dpbusd_epi32(c, a, b);
  });
#elif defined(__AVX2__)
  // Widened to 16 bits and summed in pairs.
  return run<__m256i>(16, [](__m256i c, __m256i a, __m256i b) {
    return _mm256_add_epi32(c, _mm256_madd_epi16(a, b));
  });
#else
  return runF32();
#endif
}

double readMemory() {
  static const std::vector<float> data(ReadBytes / sizeof(float), 1.0f);
  constexpr size_t Block = 8 * Lanes;
  Floats sums[8] = {};
  for (size_t i = 0; i + Block <= data.size(); i += Block)
    for (int s = 0; s < 8; ++s) {
      Floats value;
      __builtin_memcpy(&value, data.data() + i + s * Lanes, sizeof(value));
      sums[s] += value;
    }
  for (Floats &sum : sums)
    hide(sum);
  return ReadBytes;
}

using Call = double (*)();
const std::pair<const char *, Call> Calls[] = {
    {"f32", runF32}, {"bf16", runBF16}, {"i8", runI8}, {"memory", readMemory}};

json timed(Call call, int repeat) {
  std::vector<double> seconds;
  for (int i = 0; i < repeat; ++i) {
    auto start = std::chrono::steady_clock::now();
    call();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count());
  }
  return seconds;
}
} // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    json request = json::parse(line), answer = json::object();
    if (request.at("do") == "open") {
      answer = {{"variants", json::array()}, {"unsupported", json::object()}};
      for (auto [name, call] : Calls) {
        const double amount = call();
        answer["variants"].push_back({{"name", name},
                                      {"amount", amount},
                                      {"seconds", timed(call, 1)[0]}});
      }
    } else if (request.at("do") == "time") {
      const int variant = request.at("variant");
      answer["seconds"] = timed(Calls[variant].second, request.at("repeat"));
    }
    std::cout << answer.dump() << std::endl;
  }
}
