"""How each field is answered: functions from the records of a level to one entry for each."""
