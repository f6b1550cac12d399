#include "sim/clients.hpp"

#include "crypto/digest.hpp"

#include <fmt/format.h>

namespace exchange::sim {

using namespace std::chrono_literals;

Clients::Clients(World& world, std::function<std::shared_ptr<Process>()> pick)
    : world_{world}, pick_{std::move(pick)}
{
}

std::shared_ptr<AppendedRow> Clients::make_row(int number)
{
    auto row = std::make_shared<AppendedRow>();
    row->source = fmt::format("source-{}", world_.dice.between(1, world_.plan.sources));
    row->key = fmt::format("key-{}", number);
    row->body =
        fmt::format("{{\"n\":{},\"pad\":\"{:{}}\"}}", number, "", world_.dice.between(0, 60));
    row->sha256 = crypto::sha256(row->body);
    row->api = static_cast<std::int16_t>(world_.dice.between(1, 2));
    return row;
}

void Clients::start()
{
    for (int number = 0; number < world_.plan.submissions; ++number) {
        Submission submission;
        submission.row = make_row(number);
        submissions_.push_back(std::move(submission));
        const auto index = submissions_.size() - 1;
        // In bursts: groups and windows of more than one come from requests at the same time.
        const Duration when =
            world_.dice.between(Duration{0}, world_.plan.busy_time) / 100ms * 100ms;
        world_.timeline.after(when, [this, index] { attempt(index); });
        if (world_.dice.chance(world_.plan.repeated))
            world_.timeline.after(when, [this, index] { attempt(index); });
    }
}

void Clients::attempt(std::size_t index)
{
    const Submission& submission = submissions_[index];
    if (submission.answer) return;
    const std::shared_ptr<Process> process = pick_();
    if (!process) {
        world_.timeline.after(100ms, [this, index] { attempt(index); });
        return;
    }
    std::function<void(ingest::Verdict)> reply = [this, index](ingest::Verdict verdict) {
        if (!world_.calm && world_.dice.chance(world_.plan.postgres.broken_after)) return;
        world_.timeline.after(
            world_.dice.between(Duration{1}, Duration{2ms}),
            [this, index, verdict = std::move(verdict)] { take(index, verdict); });
    };
    const auto arrives = [weak = std::weak_ptr{process}, row = submission.row,
                          reply = std::move(reply)] {
        if (const auto there = weak.lock()) there->submit(row, reply);
    };
    world_.timeline.after(world_.dice.between(Duration{1}, Duration{2ms}), process, arrives);
    // Impatient: the first attempt may be under way yet, at this process or another.
    world_.timeline.after(world_.plan.client_timeout, [this, index] { attempt(index); });
}

void Clients::take(std::size_t index, const ingest::Verdict& verdict)
{
    if (const auto* answer = std::get_if<outbox::AppendAnswer>(&verdict))
        take_answer(index, *answer);
    else if (std::get<ingest::Failure>(verdict) == ingest::Failure::unknown)
        world_.count("append uncertain");
}

void Clients::take_answer(std::size_t index, const outbox::AppendAnswer& answer)
{
    Submission& submission = submissions_[index];
    const bool conflict = answer.outcome == outbox::AppendOutcome::conflicting;
    if (conflict != submission.conflicting)
        world_.violated(
            fmt::format("{} was answered as if its key had another body", submission.row->key));
    if (!submission.answer) {
        submission.answer = answer;
        ++answered_;
        if (!submission.conflicting && world_.dice.chance(world_.plan.conflicting))
            send_conflicting(index);
        return;
    }
    if (submission.answer->record_id != answer.record_id ||
        submission.answer->correlation_id != answer.correlation_id)
        world_.violated(fmt::format("{} got two answers", submission.row->key));
    world_.count("answer given twice");
}

void Clients::send_conflicting(std::size_t of)
{
    auto other = std::make_shared<AppendedRow>(*submissions_[of].row);
    other->body += " ";
    other->sha256 = crypto::sha256(other->body);
    Submission submission;
    submission.row = std::move(other);
    submission.conflicting = true;
    submissions_.push_back(std::move(submission));
    attempt(submissions_.size() - 1);
}

}  // namespace exchange::sim
