// SPDX-License-Identifier: MIT
// One side of the lab: a strategy, the schedule it runs under, and what may be done with it.

import { breaks } from './catalogue.js';
import { showCountOf, showNumber } from './numbers.js';
import { run } from './runs.js';
import { SideView } from './side_view.js';
import { Told } from './told.js';

/** How many schedules one search tries: as many as take a second or two. */
const SEEDS = { memory: 10000, sql: 500 };

/** The code of the schedule without a switch: each lane runs until it must wait. */
export const NO_SWITCH = '0';

export class Side {
    /** `changed()` is called when what is shown is another: the strategy, the code or the step. */
    constructor(id, word, changed) {
        const act = { shrink: () => this.shrink(), more: () => this.find(this.tried),
            choose: () => this.choose(this.view.select.value) };
        this.changed = changed;
        this.turn = 0; // of what was asked for last; an answer to anything earlier is dropped
        this.view = new SideView(id, word, act, (at) => {
            this.step = at;
            changed();
        });
    }

    /** The catalogue is there: say which strategies there are. */
    offer(catalogue, scenario, strategy) {
        this.catalogue = catalogue;
        this.scenario = scenario;
        this.view.offer(scenario.strategies.map((name) => catalogue.strategies.get(name))
            .filter((each) => each), strategy);
        this.introduce(strategy);
    }

    introduce(name) {
        this.strategy = this.catalogue.strategies.get(name);
        this.view.select.value = name;
        this.seeds = SEEDS[this.strategy.kind];
        this.view.introduce(this.strategy);
        this.view.more.textContent = `Try ${showNumber(this.seeds)} more`;
        this.view.clear();
        this.code = null;
        this.step = null;
        this.seed = null;
        this.tried = 0;
    }

    /** Another strategy, under the schedule in which nobody gets in between. */
    async choose(name) {
        this.introduce(name);
        this.changed();
        await this.replay(NO_SWITCH, null);
    }

    get breaks() {
        return breaks(this.scenario, this.strategy);
    }

    /** Run exactly this schedule, and show it after `step` (null: where it goes wrong). */
    async replay(code, step) {
        await this.ask({ mode: 'schedule', schedule: code }, 'Running …', (trace) => {
            this.seed = null;
            this.draw(trace, step);
            this.view.say('Not searched yet.');
        });
    }

    /** Try schedules until one breaks, beginning after the first `after` of them. */
    async find(after = 0) {
        await this.ask({ mode: 'find', seed: after + 1, seeds: this.seeds },
            `Trying ${showNumber(this.seeds)} ${after ? 'more ' : ''}schedules …`, (found) => {
                if (found.found) this.found(found, after);
                else this.held(after + (found.seeds ?? this.seeds));
            });
    }

    found(trace, after) {
        this.seed = trace.seed ?? null;
        this.draw(trace, null);
        const number = showNumber(after + (trace.seeds ?? 1));
        this.view.say(`Found: schedule number ${number} breaks it, with ` +
            `${showCountOf(trace.switches, 'switch', 'switches')}.`, 'wrong');
    }

    held(tried) {
        this.tried = tried;
        this.view.say(`${showNumber(tried)} schedules, none broke it.`, 'right');
        this.buttons();
    }

    /** Leave out every switch that the fault does not need. */
    async shrink() {
        const which = this.seed === null ? { mode: 'schedule', schedule: this.code }
            : { mode: 'find', seed: this.seed, seeds: 1 };
        await this.ask({ ...which, shrink: true }, 'Shrinking …', (trace) => {
            if (trace.switches_before === undefined) {
                this.view.say('This service shrinks only what it has found itself.', 'told');
                return;
            }
            this.draw(trace, null);
            this.shrunk(trace.switches_before, trace.switches);
        });
    }

    shrunk(before, after) {
        this.view.shrink.disabled = true;
        const rest = after === 1 ? 'without it' : 'with any of them left out';
        this.view.say(before > after ? `${showCountOf(before, 'switch', 'switches')} cut to ` +
            `${showNumber(after)}: ${rest}, it holds.`
            : `${showCountOf(after, 'switch', 'switches')}: none can be left out.`, 'wrong');
    }

    draw(trace, step) {
        const wrong = trace.steps.findIndex((each) => each.wrong);
        const best = wrong >= 0 ? wrong + 1 : trace.steps.length;
        this.code = trace.code;
        this.view.draw(trace, this.catalogue.sources, step ?? best);
        this.buttons();
        this.changed();
    }

    buttons() {
        const { shrink, more, trace } = this.view;
        shrink.hidden = !trace?.broken;
        shrink.disabled = false;
        more.hidden = this.tried === 0;
    }

    /** Run something here; only the newest answer counts. What fails is told in a sentence. */
    async ask(wanted, meanwhile, done) {
        const turn = ++this.turn;
        const { view } = this;
        view.say(meanwhile, 'busy');
        view.node.setAttribute('aria-busy', 'true');
        try {
            const result = await run({ scenario: this.scenario.name, strategy: this.strategy.name,
                ...wanted });
            if (turn === this.turn) done(result);
        } catch (error) {
            if (!(error instanceof Told)) throw error;
            if (turn === this.turn) view.tell(error.message, error.said);
        } finally {
            if (turn === this.turn) view.node.removeAttribute('aria-busy');
        }
    }
}
