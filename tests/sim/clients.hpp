#pragma once

#include "sim/process.hpp"

// Sources that send records until each has its answer, some of them twice at once or again with
// another body, and hold every answer against the first.
namespace exchange::sim {

class Clients {
public:
    // `pick` gives a process that lives, or nothing.
    Clients(World& world, std::function<std::shared_ptr<Process>()> pick);

    // Spreads the submissions over the busy time.
    void start();

    bool all_answered() const { return answered_ == submissions_.size(); }

    struct Submission {
        std::shared_ptr<const AppendedRow> row;
        bool conflicting = false;
        std::optional<outbox::AppendAnswer> answer;
    };
    const std::vector<Submission>& submissions() const { return submissions_; }

private:
    void attempt(std::size_t index);
    void take(std::size_t index, const ingest::Verdict& verdict);
    void take_answer(std::size_t index, const outbox::AppendAnswer& answer);
    void send_conflicting(std::size_t of);
    std::shared_ptr<AppendedRow> make_row(int number);

    World& world_;
    std::function<std::shared_ptr<Process>()> pick_;
    std::vector<Submission> submissions_;
    std::size_t answered_ = 0;
};

}  // namespace exchange::sim
