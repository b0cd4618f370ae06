# SPDX-License-Identifier: MIT
# The Python client against a service: TELLER_URL, TELLER_TOKEN, and TELLER_RELAY, which cuts its
# connections again and again.
import os
import threading
import unittest
import uuid

from teller import OutcomeUnknown, Problem, Teller, Unreachable

URL, TOKEN = os.environ['TELLER_URL'], os.environ['TELLER_TOKEN']


class TestTeller(unittest.TestCase):
    def setUp(self):
        self.bank = Teller(URL, TOKEN)
        self.addCleanup(self.bank.close)
        self.name = 'py:' + uuid.uuid4().hex
        self.bank.open_account('main', {'id': self.name, 'asset': 'USD/2'})

    def balance(self):
        return self.bank.get_account('main', self.name)['balance']

    def test_a_key_pays_once(self):
        key = uuid.uuid4().hex
        first = self.bank.deposit('main', self.name, {'amount': '100'}, key=key)
        self.assertEqual(self.bank.deposit('main', self.name, {'amount': '100'}, key=key), first)
        self.bank.deposit('main', self.name, {'amount': '5'})
        self.assertEqual(self.balance(), '105')

    def test_a_refusal_is_a_problem(self):
        with self.assertRaises(Problem) as caught:
            self.bank.withdraw('main', self.name, {'amount': 80})
        self.assertEqual((caught.exception.status, caught.exception.code),
                         (422, 'insufficient_funds'))
        self.assertEqual(caught.exception.problem['available'], '0')

    def test_a_large_amount_is_exact(self):
        most = str(10 ** 36 + 7)
        self.bank.deposit('main', self.name, {'amount': most})
        self.assertEqual(self.balance(), most)

    def test_a_list_is_read_to_its_end(self):
        for i in range(25):
            self.bank.open_account('main', {'id': f'{self.name}:é/{i}', 'asset': 'USD/2'})
        found = [each['id'] for each in
                 self.bank.pages(self.bank.list_accounts, 'main', prefix=self.name + ':', limit=7)]
        self.assertEqual(sorted(found), sorted(f'{self.name}:é/{i}' for i in range(25)))
        self.assertEqual(self.bank.get_account('main', found[0])['id'], found[0])

    def test_nobody_there(self):
        bank = Teller('http://127.0.0.1:1', TOKEN, patience=0.3)
        with self.assertRaises(Unreachable) as caught:
            bank.deposit('main', self.name, {'amount': 1})
        self.assertNotIsInstance(caught.exception, OutcomeUnknown)

    def test_a_bad_network_pays_once(self):
        with Teller(os.environ['TELLER_RELAY'], TOKEN) as bank:
            for _ in range(60):
                bank.deposit('main', self.name, {'amount': 1})
        self.assertEqual(self.balance(), '60')

    def test_events_have_no_gap(self):
        after = self.bank.deposit('main', self.name, {'amount': 1})['id']
        bank = Teller(os.environ['TELLER_RELAY'], TOKEN)

        def pay():
            with Teller(URL, TOKEN) as payer:
                for _ in range(300):
                    payer.deposit('main', self.name, {'amount': 1})
        paying = threading.Thread(target=pay)
        paying.start()
        mine = 0
        events = bank.events('main', after)
        self.addCleanup(events.close)
        for entry in events:
            self.assertEqual(entry['seq'], after + 1)
            after = entry['seq']
            mine += self.name in entry.get('balances', {})
            if mine == 300:
                break
        paying.join()
        self.assertEqual(entry['balances'][self.name], '301')


if __name__ == '__main__':
    unittest.main()
