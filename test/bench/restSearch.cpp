// The search of REST (He et al. 2024; `search` of its DraftRetriever) in a compiled language, over the tokens and the suffix
// array that restSearch.ts searches. As there: for spans of 16 down to 2 tokens a binary search over the whole array for where
// the context's last tokens begin to occur, and once they do, one for where they end; all in memory.
//
// restSearch DATA TOKENS SUFFIXES CONTEXTS WIDTH
//   DATA holds 32-bit tokens, then the suffix array; CONTEXTS holds contexts of WIDTH 32-bit tokens each.
// A line "FROM TO SAMPLES LENGTH" on the standard input searches contexts [FROM, TO) and reads LENGTH tokens after each of at
// most SAMPLES occurrences, spread evenly. Each answers with a line: nanoseconds, tokens of the span found (0 for none), and
// the range of the array that begins with it.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr int longestSpan = 16;
constexpr int shortestSpan = 2;

struct Data {
  std::vector<std::uint32_t> tokens;
  std::vector<std::uint32_t> suffixes;
};

struct Found {
  int length = 0;
  std::size_t low = 0;
  std::size_t high = 0;
};

void fail(const char *what, const char *path) {
  std::fprintf(stderr, "%s %s\n", what, path);
  std::exit(1);
}

void readNumbers(std::FILE *file, std::vector<std::uint32_t> &into, const char *path) {
  if (std::fread(into.data(), sizeof(std::uint32_t), into.size(), file) != into.size()) fail("cannot read", path);
}

std::FILE *openFile(const char *path) {
  std::FILE *file = std::fopen(path, "rb");
  if (!file) fail("cannot open", path);
  return file;
}

// Negative, zero or positive as the text at `start` is before, begins with or is after the span.
int compare(const Data &data, std::size_t start, const std::uint32_t *span, int length) {
  for (int i = 0; i < length; i++) {
    if (start + i >= data.tokens.size()) return -1;
    const std::uint32_t token = data.tokens[start + i];
    if (token != span[i]) return token < span[i] ? -1 : 1;
  }
  return 0;
}

Found search(const Data &data, const std::uint32_t *end) {
  const auto count = static_cast<std::int64_t>(data.suffixes.size());
  for (int length = longestSpan; length >= shortestSpan; length--) {
    const std::uint32_t *span = end - length;
    std::int64_t left = 0;
    std::int64_t right = count - 1;
    std::int64_t first = -1;
    while (left <= right) {
      const std::int64_t middle = left + (right - left) / 2;
      const int order = compare(data, data.suffixes[middle], span, length);
      if (order == 0) first = middle;
      if (order < 0) left = middle + 1;
      else right = middle - 1;
    }
    if (first < 0) continue;
    std::int64_t last = first;
    right = count - 1;
    while (left <= right) {
      const std::int64_t middle = left + (right - left) / 2;
      const int order = compare(data, data.suffixes[middle], span, length);
      if (order == 0) last = middle;
      if (order <= 0) left = middle + 1;
      else right = middle - 1;
    }
    return {length, static_cast<std::size_t>(first), static_cast<std::size_t>(last) + 1};
  }
  return {};
}

void readContinuations(const Data &data, const Found &found, int samples, int length, std::uint32_t *into) {
  const std::size_t range = found.high - found.low;
  const std::size_t count = range < static_cast<std::size_t>(samples) ? range : samples;
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t start = data.suffixes[found.low + i * range / count] + found.length;
    for (int at = 0; at < length && start + at < data.tokens.size(); at++)
      into[i * length + at] = data.tokens[start + at];
  }
}

}  // namespace

int main(int count, char **arguments) {
  if (count != 6) return 2;
  const char *dataPath = arguments[1];
  Data data{std::vector<std::uint32_t>(std::strtoull(arguments[2], nullptr, 10)),
            std::vector<std::uint32_t>(std::strtoull(arguments[3], nullptr, 10))};
  std::FILE *file = openFile(dataPath);
  readNumbers(file, data.tokens, dataPath);
  readNumbers(file, data.suffixes, dataPath);
  std::fclose(file);
  const int width = std::atoi(arguments[5]);
  std::FILE *contextFile = openFile(arguments[4]);
  std::fseek(contextFile, 0, SEEK_END);
  std::vector<std::uint32_t> contexts(std::ftell(contextFile) / sizeof(std::uint32_t));
  std::rewind(contextFile);
  readNumbers(contextFile, contexts, arguments[4]);
  std::fclose(contextFile);

  std::vector<std::uint32_t> continuations;
  int from = 0, to = 0, samples = 0, length = 0;
  while (std::scanf("%d %d %d %d", &from, &to, &samples, &length) == 4) {
    continuations.resize(static_cast<std::size_t>(samples) * length + 1);
    for (int i = from; i < to; i++) {
      const auto start = std::chrono::steady_clock::now();
      const Found found = search(data, contexts.data() + static_cast<std::size_t>(i + 1) * width);
      if (samples > 0 && found.length > 0) readContinuations(data, found, samples, length, continuations.data());
      const auto end = std::chrono::steady_clock::now();
      const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count();
      std::printf("%lld %d %zu %zu\n", static_cast<long long>(ns), found.length, found.low, found.high);
    }
    std::fflush(stdout);
  }
  // What was read is looked at, so that reading is not optimised away.
  return continuations.empty() || continuations[0] != 0xfffffffe ? 0 : 3;
}
